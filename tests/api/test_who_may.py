"""Who is let in, what they see, and what they may not: over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from runs import get_workflow
from runs.access import create_token, revoke_token
from runs.models import ApiToken, ResourceRestriction, Run
from tests.api.conftest import Api
from tests.api.test_every_route import OF_RUNS, Route

pytestmark = pytest.mark.django_db(transaction=True)
W, O = "workflows/greet-customer", "workflows/order-approval"  # noqa: E741
ALL = (
    "view_run", "view_workflow", "view_payload", "start_run", "resume_run", "cancel_run",
    "restart_run", "time_travel_run", "delete_run",
)  # fmt: skip
ORDER = {"inputData": {"orderId": "A1", "quantity": 3, "unitPrice": 60}}
TOKEN_REFUSED = {"error": "The token is unknown, expired or revoked"}


# --- tokens and sessions ---------------------------------------------------------------------


def test_a_wrong_token_is_refused_and_says_how_to_come_in(api: Api) -> None:
    answer = Api("runs_wrong").get("workflows")

    assert answer.pair == (401, TOKEN_REFUSED)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_expired_and_a_revoked_token_are_refused(root: User) -> None:
    _, expired = create_token(root, expires_in=timedelta(seconds=-1))
    token, revoked = create_token(root)
    assert Api(revoked).get("workflows").status == 200

    revoke_token(token)

    assert Api(expired).get("workflows").pair == (401, TOKEN_REFUSED)
    assert Api(revoked).get("workflows").pair == (401, TOKEN_REFUSED)


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer  ", "Token x", "Basic cm9vdDp4", "bearer \xff"]
)
def test_other_headers_let_nobody_in(header: str, root: User) -> None:
    answer = Api(None).get("workflows", Authorization=header)

    assert answer.status == 401


def test_a_session_lets_its_user_in_and_needs_a_csrf_token_to_change_things(root: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(root)

    assert browser.get("/api/workflows").status_code == 200
    refused = browser.post(f"/api/{W}/create-run", content_type="application/json")
    assert (refused.status_code, list(refused.json())) == (403, ["error"])
    browser.cookies["csrftoken"] = "a" * 32
    accepted = browser.post(
        f"/api/{W}/create-run",
        content_type="application/json",
        headers={"X-CSRFToken": "a" * 32},
    )
    assert accepted.status_code == 200


def test_a_token_needs_no_csrf_token(root: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    headers = {"Authorization": f"Bearer {create_token(root)[1]}"}

    answer = browser.post(f"/api/{W}/create-run", content_type="application/json", headers=headers)
    assert answer.status_code == 200


# --- tenants ---------------------------------------------------------------------------------


@pytest.fixture
def charlies(api_of: Callable[..., Api], charlie: User) -> Api:
    """Charlie may do everything with runs of resource `blue`."""
    ResourceRestriction.objects.create(user=charlie, resource_ids=["blue"])
    return api_of(charlie, *ALL)


@pytest.fixture
def acme(api: Api) -> Run:
    """A run of another tenant."""
    return get_workflow("greet-customer").create_run(run_id="a", resource_id="acme")


@pytest.mark.parametrize("route", OF_RUNS, ids=str)
def test_a_run_of_another_tenant_is_answered_as_a_missing_one(
    route: Route, charlies: Api, acme: Run
) -> None:
    hidden = charlies.call(route.method, route.url(run="a"), route.body)
    missing = charlies.call(route.method, route.url(run="nope"), route.body)

    error = {"error": "Workflow run not found", "code": "run_not_found"}
    assert hidden.pair == missing.pair == (404, error)
    assert Run.objects.get(pk=acme.pk).status == "pending"


def test_an_id_that_another_tenant_has_taken_cannot_be_made(charlies: Api, acme: Run) -> None:
    for path in ("create-run", "start-async", "stream"):
        body = {"inputData": {"name": "x", "language": "en"}}
        assert charlies.post(f"{W}/{path}?runId=a", body).status == 404
    assert Run.objects.get().resource_id == "acme"


def test_lists_and_counts_are_of_the_tenants_own(charlies: Api, acme: Run) -> None:
    get_workflow("greet-customer").create_run(run_id="b", resource_id="blue")
    Run.objects.update(status="suspended")

    listed = charlies.get(f"{W}/runs").body
    asked = charlies.get(f"{W}/runs?resourceId=acme").body
    counts = charlies.get("workflows/run-counts").body

    assert ([run["runId"] for run in listed["runs"]], listed["total"]) == (["b"], 1)
    assert asked == {"runs": [], "total": 0}
    assert counts["greet-customer"]["suspended"] == 1


def test_new_runs_get_the_tenants_resource_and_no_other(charlies: Api) -> None:
    own = charlies.post(f"{W}/create-run").body["runId"]
    refused = charlies.post(f"{W}/create-run", {"resourceId": "acme"})

    assert list(Run.objects.values_list("run_id", "resource_id")) == [(own, "blue")]
    error = "You may not make runs of resource 'acme'"
    assert refused.pair == (403, {"error": error, "code": "permission_denied"})


def test_a_token_may_be_kept_to_a_resource(
    root: User, api_of: Callable[..., Api], alice: User
) -> None:
    get_workflow("greet-customer").create_run(run_id="a", resource_id="acme")
    get_workflow("greet-customer").create_run(run_id="b", resource_id="blue")

    listed = api_of(alice, *ALL, resource_ids=["acme"]).get(f"{W}/runs").body

    assert [run["runId"] for run in listed["runs"]] == ["a"]


def test_an_idempotency_key_of_another_tenant_means_nothing(charlies: Api, api: Api) -> None:
    key = {"Idempotency-Key": "k"}
    theirs = api.post(f"{W}/create-run", {"resourceId": "acme"}, **key)

    mine = charlies.post(f"{W}/create-run", {}, **key)

    assert mine.status == 200 and mine.body != theirs.body


def test_only_ones_own_runs_are_restarted_with_all(charlies: Api, acme: Run) -> None:
    acme.start_async({"name": "x", "language": "en"})
    Run.objects.update(status="running")

    charlies.post(f"{W}/restart-all-active-workflow-runs")

    assert Run.objects.get().status == "running"


# --- payloads --------------------------------------------------------------------------------


def test_who_may_not_see_payloads_sees_that_steps_ran(
    api: Api, api_of: Callable[..., Api], bob: User
) -> None:
    api.post(f"{O}/start-async?runId=o", ORDER)
    bobs = api_of(bob, "view_run", "resume_run")

    record = bobs.get(f"{O}/runs/o").body
    listed = bobs.get(f"{O}/runs").body["runs"][0]["snapshot"]
    events = bobs.post(f"{O}/observe?runId=o").body
    body = {"resumeData": {"approved": True, "approver": "Mia"}}
    result = bobs.post(f"{O}/resume-async?runId=o", body).body

    shown = str((record, listed, events, result))
    assert not any(value in shown for value in ("A1", "180", "Order needs approval", "Mia"))
    assert record["steps"]["price-order"]["status"] == "success"
    assert listed["context"]["manager-approval"]["status"] == "suspended"
    assert events[-1]["payload"]["workflowStatus"] == "suspended"
    assert result["status"] == "success"


# --- the public API --------------------------------------------------------------------------


@pytest.fixture
def public(settings: Settings) -> None:
    settings.RUNS_API_PUBLIC = True


def test_where_it_is_public_nobody_has_to_say_who_he_is(public: None, nobody: Api) -> None:
    assert nobody.post(f"{O}/start-async", ORDER).body["status"] == "suspended"
    assert Api("runs_wrong").get("workflows").status == 401


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost:4111", 200), ("http://testserver", 200), ("https://evil.example", 403)],
)
def test_pages_of_other_sites_cannot_use_a_public_api(
    public: None, nobody: Api, origin: str, status: int
) -> None:
    assert nobody.post(f"{W}/create-run", Origin=origin).status == status


# --- limits and browsers ---------------------------------------------------------------------


def test_a_token_that_asks_too_often_is_told_to_wait(root: User, settings: Settings) -> None:
    settings.RUNS_API_RATE = "2/m"
    one, other = Api(create_token(root)[1]), Api(create_token(root)[1])

    statuses = [one.get("workflows").status for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert int(one.get("workflows").headers["Retry-After"]) > 0
    assert other.get("workflows").status == 200
    assert ApiToken.objects.count() == 2


def test_pages_of_this_machine_may_call_it_with_any_header(nobody: Api) -> None:
    answer = nobody.call(
        "options",
        f"{W}/stream",
        Origin="http://localhost:4111",
        **{
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-mastra-client-type,x-mine",
        },
    )

    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert answer.status == 200
    assert headers["access-control-allow-origin"] == "http://localhost:4111"
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["access-control-allow-headers"] == "x-mastra-client-type,x-mine"
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    assert methods <= set(headers["access-control-allow-methods"].split(", "))


def test_errors_can_be_read_by_pages_too(nobody: Api) -> None:
    answer = nobody.get("workflows", Origin="http://localhost:4111")

    assert answer.status == 401
    found: Any = {name.lower() for name in answer.headers}
    assert "access-control-allow-origin" in found


def test_pages_of_other_sites_may_not_call_it(nobody: Api) -> None:
    answer = nobody.get("workflows", Origin="https://evil.example")

    assert not any(name.lower().startswith("access-control") for name in answer.headers)
