from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from runs import get_workflow
from runs.models import AuditEntry, Run
from runs.models import Schedule as Row
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db

INPUT = {"name": "ada", "language": "en"}
NIGHTLY = {"workflowId": "greet-customer", "cron": "0 3 * * *", "inputData": INPUT}
ONE = "schedules/schedule_nightly"
ROUTES = [
    ("get", "schedules", "view_schedule", None),
    ("post", "schedules", "manage_schedule", NIGHTLY),
    ("get", ONE, "view_schedule", None),
    ("patch", ONE, "manage_schedule", {"cron": "0 4 * * *"}),
    ("delete", ONE, "manage_schedule", None),
    ("post", f"{ONE}/pause", "manage_schedule", None),
    ("post", f"{ONE}/resume", "manage_schedule", None),
    ("post", f"{ONE}/run", "manage_schedule", None),
    ("get", f"{ONE}/triggers", "view_schedule", None),
]
MISSING = (404, {"error": "Schedule not found", "code": "schedule_not_found"})
every = pytest.mark.parametrize(
    ("method", "path", "permission", "body"), ROUTES, ids=[f"{r[0]} {r[1]}" for r in ROUTES]
)


def made(api: Api, **members: Any) -> dict[str, Any]:
    answer = api.post("schedules", NIGHTLY | {"id": "nightly"} | members)
    assert answer.status == 200, answer.body
    return answer.body


@every
def test_nobody_is_let_in(method: str, path: str, permission: str, body: Any, nobody: Api) -> None:
    assert nobody.call(method, path, body).status == 401


@every
def test_who_lacks_the_permission_is_told_which(
    method: str, path: str, permission: str, body: Any, api_of: Callable[..., Api], alice: User
) -> None:
    others = {"view_schedule", "manage_schedule", "start_run", "view_run"} - {permission}

    answer = api_of(alice, *others).call(method, path, body)

    message = f"This needs the permission runs.{permission}"
    assert answer.pair == (403, {"error": message, "code": "permission_denied"})


def test_a_schedule_is_made_listed_and_shown(api: Api) -> None:
    schedule = made(api, timezone="Europe/Madrid", metadata={"owner": "ops"})

    assert schedule == {
        "id": "schedule_nightly",
        "workflowId": "greet-customer",
        "cron": "0 3 * * *",
        "timezone": "Europe/Madrid",
        "status": "active",
        "nextFireAt": schedule["nextFireAt"],
        "inputData": INPUT,
        "metadata": {"owner": "ops"},
        "createdAt": schedule["createdAt"],
        "updatedAt": schedule["updatedAt"],
    }
    assert schedule["nextFireAt"] > schedule["createdAt"]
    assert api.get(ONE).pair == (200, schedule)
    assert api.get("schedules?requestContext=e30%3D").pair == (200, {"schedules": [schedule]})


def test_without_an_id_one_is_made_up(api: Api) -> None:
    answer = api.post("schedules", NIGHTLY)

    assert answer.body["id"].startswith("schedule_")
    assert len(answer.body["id"]) == len("schedule_") + 36


def test_the_list_is_filtered(api: Api) -> None:
    made(api, resourceId="acme")
    made(api, id="other", workflowId="order-approval", inputData=None)
    api.post("schedules/schedule_other/pause")

    def listed(query: str) -> list[str]:
        return [one["id"] for one in api.get(f"schedules?{query}").body["schedules"]]

    assert listed("") == ["schedule_nightly", "schedule_other"]
    assert listed("workflowId=order-approval") == ["schedule_other"]
    assert listed("workflowId=nope") == []
    assert listed("status=active") == ["schedule_nightly"]
    assert listed("resourceId=acme") == ["schedule_nightly"]
    assert [listed(f"{name}=x") for name in ("agentId", "threadId", "name")] == [[], [], []]
    assert api.get("schedules?status=gone").body == {
        "error": "Invalid query parameters",
        "issues": [
            {
                "field": "status",
                "message": 'Invalid option: expected one of "active"|"paused"',
            }
        ],
    }


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (
            {"cron": "0 3 * * *"},
            "workflowId",
            "Invalid input: expected string, received undefined",
        ),
        (
            {"workflowId": "greet-customer"},
            "cron",
            "Invalid input: expected string, rec",
        ),
        (NIGHTLY | {"workflowId": ""}, "workflowId", "Too small: expected string to have >=1"),
        (NIGHTLY | {"cron": 5}, "cron", "Invalid input: expected string, received number"),
        (NIGHTLY | {"agentId": "a"}, "agentId", 'Unrecognized key: "agentId"'),
        (NIGHTLY | {"requestContext": 1}, "requestContext", "Invalid input: expected record"),
        (NIGHTLY | {"status": "x"}, "status", 'Invalid option: expected one of "active"|"paused"'),
        ([1], "root", "Invalid input: expected object, received array"),
    ],
)
def test_a_body_of_a_wrong_shape_is_refused(body: Any, field: str, message: str, api: Api) -> None:
    answer = api.post("schedules", body)

    assert (answer.status, answer.body["error"]) == (400, "Invalid request body")
    assert [issue["field"] for issue in answer.body["issues"]] == [field]
    assert answer.body["issues"][0]["message"].startswith(message)
    assert not Row.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"cron": "bogus"}, 400, 'Invalid cron expression "bogus": expected 5, 6 or 7 parts'),
        ({"timezone": "Mars"}, 400, 'Invalid timezone "Mars"'),
        (
            {"resourceId": "a\0b"},
            400,
            "A resource id is text of at most 200 characters, without NUL",
        ),
        ({"missed": "all"}, 400, 'missed is "skip" or "once", not \'all\''),
        ({"workflowId": "nope"}, 404, 'Workflow "nope" not found'),
        ({"id": "Nightly"}, 409, 'Schedule "schedule_nightly" already exists'),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(
    body: dict[str, Any], status: int, error: str, api: Api
) -> None:
    made(api)

    answer = api.post("schedules", NIGHTLY | body)

    assert (answer.status, answer.body["error"]) == (status, error)
    assert Row.objects.count() == 1


def test_a_schedule_is_changed_member_by_member(api: Api) -> None:
    before = made(api, metadata={"a": 1})

    answer = api.call("patch", ONE, {"cron": "0 4 * * *", "inputData": {"name": "b"}, "nope": 1})

    assert answer.status == 200
    assert answer.body == before | {
        "cron": "0 4 * * *",
        "inputData": {"name": "b"},
        "nextFireAt": answer.body["nextFireAt"],
        "updatedAt": answer.body["updatedAt"],
    }
    assert answer.body["nextFireAt"] != before["nextFireAt"]
    assert api.call("patch", ONE, {"status": "paused"}).body["status"] == "paused"
    assert api.call("patch", ONE, {"cron": "bogus"}).status == 400
    assert api.call("patch", ONE, {"status": 7}).status == 400
    assert api.get(ONE).body["cron"] == "0 4 * * *"


def test_pausing_and_resuming_may_be_repeated(api: Api) -> None:
    made(api)

    statuses = [
        api.post(f"{ONE}/{verb}").body["status"] for verb in ("pause", "pause", "resume", "resume")
    ]

    assert statuses == ["paused", "paused", "active", "active"]


@pytest.mark.django_db(transaction=True)
def test_running_one_now_is_in_its_history(api: Api) -> None:
    before = made(api)

    answer = api.post(f"{ONE}/run")

    fired_at = answer.body["scheduledFireAt"]
    run_id = f"sched_schedule_nightly_{fired_at}"
    assert answer.pair == (
        200,
        {"scheduleId": "schedule_nightly", "claimId": run_id, "scheduledFireAt": fired_at},
    )
    assert api.get(ONE).body["nextFireAt"] == before["nextFireAt"]
    (trigger,) = api.get(f"{ONE}/triggers").body["triggers"]
    assert trigger == {
        "id": trigger["id"],
        "scheduleId": "schedule_nightly",
        "runId": run_id,
        "scheduledFireAt": fired_at,
        "actualFireAt": fired_at,
        "outcome": "published",
        "triggerKind": "manual",
        "run": trigger["run"],
    }
    assert trigger["run"]["status"] == "success"
    assert api.get(f"workflows/greet-customer/runs/{run_id}").body["result"] == {
        "greeting": "Hello, Ada!",
        "length": 11,
    }


def test_running_one_whose_input_does_not_fit_says_why(api: Api) -> None:
    made(api, inputData={})

    answer = api.post(f"{ONE}/run")

    assert (answer.status, answer.body["code"]) == (400, "WORKFLOW_SCHEMA_VALIDATION_FAILED")
    assert answer.body["error"].startswith("Invalid input data: \n- name: ")
    assert api.get(f"{ONE}/triggers").body == {"triggers": []}


@pytest.mark.django_db(transaction=True)
def test_the_history_is_asked_for_by_time_and_number(api: Api) -> None:
    made(api)
    moments = [api.post(f"{ONE}/run").body["scheduledFireAt"] for _ in range(3)]

    def told(query: str) -> list[int]:
        triggers = api.get(f"{ONE}/triggers?{query}").body["triggers"]
        return [trigger["actualFireAt"] for trigger in triggers]

    assert told("") == moments[::-1]
    assert told("limit=1") == moments[2:]
    assert told(f"fromActualFireAt={moments[1]}&toActualFireAt={moments[1]}") == [moments[1]]
    for wrong in ("limit=0", "limit=x", "fromActualFireAt=-1", "toActualFireAt=yesterday"):
        assert api.get(f"{ONE}/triggers?{wrong}").status == 400
    assert api.get("schedules/schedule_nope/triggers").pair == (200, {"triggers": []})


def test_a_deleted_schedule_is_gone(api: Api) -> None:
    made(api)

    assert api.delete(ONE).pair == (200, {"message": "Schedule deleted"})
    assert [api.call(m, p, b).pair for m, p, _, b in ROUTES if p.startswith(ONE)][:-1] == [
        MISSING
    ] * 6


@pytest.mark.parametrize("schedule_id", ["%00", "x" * 300, "é", "..%2F", "schedule_nightly%00"])
def test_an_id_that_none_can_have_is_not_found(schedule_id: str, api: Api) -> None:
    made(api)
    paths = [(m, p.replace("schedule_nightly", schedule_id), b) for m, p, _, b in ROUTES[2:]]

    answers = [api.call(method, path, body) for method, path, body in paths]
    if schedule_id == "..%2F":  # a path of another route
        assert {answer.status for answer in answers} <= {404, 200}
    else:
        assert [answer.pair for answer in answers] == [MISSING] * 6 + [(200, {"triggers": []})]
    assert Row.objects.count() == 1


def test_one_that_is_declared_cannot_be_deleted(api: Api) -> None:
    made(api)
    Row.objects.update(declared={})

    assert (api.delete(ONE).status, api.get(ONE).body["declared"]) == (409, True)


def test_a_tenant_has_schedules_of_its_own_only(
    api: Api, api_of: Callable[..., Api], alice: User
) -> None:
    made(api, resourceId="other")
    tenant = api_of(alice, "view_schedule", "manage_schedule", resource_ids=["acme"])

    own = made(tenant, id="own")
    assert own["resourceId"] == "acme"
    assert [one["id"] for one in tenant.get("schedules").body["schedules"]] == ["schedule_own"]
    hidden = [tenant.call(m, p, b).pair for m, p, _, b in ROUTES if p.startswith(ONE)]
    assert hidden == [MISSING] * 6 + [(200, {"triggers": []})]
    assert tenant.post("schedules", NIGHTLY | {"resourceId": "other"}).status == 403
    assert tenant.call("patch", "schedules/schedule_own", {"resourceId": "other"}).status == 403
    assert Row.objects.get(pk="schedule_own").resource_id == "acme"


def test_who_may_not_see_payloads_sees_when_and_not_what(
    api: Api, api_of: Callable[..., Api], alice: User
) -> None:
    made(api, requestContext={"a": 1})

    shown = api_of(alice, "view_schedule").get(ONE).body

    assert (shown["cron"], "inputData" in shown, "requestContext" in shown) == (
        "0 3 * * *",
        False,
        False,
    )


@pytest.mark.django_db(transaction=True)
def test_who_did_it_is_on_the_trail(api_of: Callable[..., Api], alice: User) -> None:
    caller = api_of(alice, "view_schedule", "manage_schedule", "view_payload")
    made(caller)
    caller.post(f"{ONE}/run")

    trail = AuditEntry.objects.values_list("action", "source", "actor_name")
    actions = ("create_schedule", "create", "start", "run_schedule")
    assert list(trail) == [(action, "api", "alice") for action in actions]
    assert Run.objects.get().started_by == alice
    assert get_workflow("greet-customer").list_workflow_runs()["total"] == 1
