"""Runs over HTTP: made, listed, looked at, canceled and deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from runs import get_workflow
from runs.models import Run
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db(transaction=True)
W = "workflows/greet-customer"
GREETING = {"name": "ada", "language": "en"}
ORDER = {"orderId": "A1", "quantity": 3, "unitPrice": 60}


def made(count: int, **columns: Any) -> list[Run]:
    """Runs r0, r1, ... of greet-customer, one a minute."""
    workflow = get_workflow("greet-customer")
    runs = []
    for number in range(count):
        run = workflow.create_run(run_id=f"r{number}")
        moment = datetime(2026, 1, 1, 12, number, 0, 123_456, tzinfo=UTC)
        Run.objects.filter(pk=run.pk).update(created_at=moment, **columns)
        runs.append(run)
    return runs


def ids(answer: Any) -> list[str]:
    return [run["runId"] for run in answer.body["runs"]]


# --- create-run ------------------------------------------------------------------------------


def test_an_id_is_made_up_where_none_is_given(api: Api) -> None:
    first, second = api.post(f"{W}/create-run"), api.post(f"{W}/create-run?runId=", {})

    assert first.status == second.status == 200
    assert len({first.body["runId"], second.body["runId"]}) == 2


@pytest.mark.parametrize("status", ["pending", "running", "suspended", "success", "canceled"])
def test_a_run_that_exists_is_answered_as_it_is(api: Api, status: str) -> None:
    api.post(f"{W}/create-run?runId=r", {"resourceId": "acme"})
    Run.objects.update(status=status)

    assert api.post(f"{W}/create-run?runId=r", {"resourceId": "b"}).pair == (200, {"runId": "r"})
    assert list(Run.objects.values_list("status", "resource_id")) == [(status, "acme")]


def test_an_id_that_is_too_long_is_refused(api: Api) -> None:
    answer = api.post(f"{W}/create-run?runId={'x' * 201}")

    message = "A run id has at most 200 characters"
    assert answer.pair == (400, {"error": message, "code": "bad_request"})


def test_an_idempotency_key_makes_one_run(api: Api) -> None:
    answers = [api.post(f"{W}/create-run", {}, **{"Idempotency-Key": "k"}) for _ in range(3)]

    assert len({answer.body["runId"] for answer in answers}) == 1
    assert Run.objects.count() == 1


def test_an_idempotency_key_starts_one_attempt(api: Api) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"inputData": GREETING}

    first, again = (api.post(f"{W}/start-async", body, **key) for _ in range(2))
    other = api.post(f"{W}/start-async", {"inputData": GREETING | {"language": "es"}}, **key)

    assert first.pair == again.pair
    assert (other.status, other.body["code"]) == (409, "idempotency_conflict")
    assert Run.objects.get().attempt == 1


# --- the list --------------------------------------------------------------------------------


def test_the_newest_run_is_first_and_shown_with_its_state(api: Api) -> None:
    made(2)
    get_workflow("greet-customer").create_run(run_id="done").start(GREETING)

    answer = api.get(f"{W}/runs")

    assert (ids(answer), answer.body["total"]) == (["done", "r1", "r0"], 3)
    newest = answer.body["runs"][0]
    assert {name: newest[name] for name in ("workflowName", "resourceId")} == {
        "workflowName": "greet-customer",
        "resourceId": None,
    }
    snapshot = newest["snapshot"]
    assert (snapshot["status"], snapshot["result"]["greeting"]) == ("success", "Hello, Ada!")
    assert snapshot["context"]["input"] == GREETING
    assert answer.body["runs"][2]["createdAt"] == "2026-01-01T12:00:00.123Z"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["r4", "r3", "r2", "r1", "r0"]),
        ("perPage=2", ["r4", "r3"]),
        ("page=1&perPage=2", ["r2", "r1"]),
        ("page=9&perPage=2", []),
        ("limit=2", ["r4", "r3"]),
        ("limit=2&offset=2", ["r2", "r1"]),
        ("limit=2&offset=3", ["r2", "r1"]),
        ("perPage=3&limit=1", ["r4", "r3", "r2"]),
        ("fromDate=2026-01-01T12:03:00.123Z", ["r4", "r3"]),
        ("toDate=2026-01-01T12:01:00.123Z", ["r1", "r0"]),
        ("fromDate=2026-01-01T12:02:00.123Z&toDate=2026-01-01T12:02:00.123Z", ["r2"]),
        ("fromDate=2026-01-02", []),
        ("fromDate=9999-12-31T23:59:59.999Z", []),
        ("toDate=9999-12-31T23:59:59.999-14:00", ["r4", "r3", "r2", "r1", "r0"]),
        ("toDate=0001-01-01T00:00:00%2B14:00", []),
        ("status=pending&perPage=1", ["r4"]),
        ("status=skipped", []),
        ("resourceId=other", []),
        ("requestContext=e30%3D&unknown=1&perPage=1", ["r4"]),
    ],
)
def test_runs_are_filtered_and_paged(api: Api, query: str, expected: list[str]) -> None:
    made(5)

    answer = api.get(f"{W}/runs?{query}")

    assert (answer.status, ids(answer)) == (200, expected)


def test_the_total_counts_all_that_match(api: Api) -> None:
    made(5, resource_id="acme")

    answer = api.get(f"{W}/runs?resourceId=acme&perPage=2&page=7")

    assert answer.pair == (200, {"runs": [], "total": 5})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=x", "page"),
        ("page=-1", "page"),
        ("perPage=1.5", "perPage"),
        ("perPage=-1", "perPage"),
        ("limit=false", "limit"),
        ("offset=-2", "offset"),
        ("page=99999999999999999999", "page"),
        ("fromDate=yesterday", "fromDate"),
        ("toDate=2026-13-01", "toDate"),
        ("status=odd", "status"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(api: Api, query: str, field: str) -> None:
    answer = api.get(f"{W}/runs?{query}")

    assert (answer.status, answer.body["error"]) == (400, "Invalid query parameters")
    assert [issue["field"] for issue in answer.body["issues"]] == [field]


@pytest.mark.parametrize("query", ["perPage=0", "limit=0"])
def test_a_page_of_nothing_is_refused(api: Api, query: str) -> None:
    message = "perPage must be a positive integer"
    assert api.get(f"{W}/runs?{query}").pair == (400, {"error": message, "code": "bad_request"})


def test_an_answer_holds_a_bounded_number_of_runs(api: Api, settings: Settings) -> None:
    settings.RUNS_MAX_PAGE = 3
    made(5)

    unpaged, too_many = api.get(f"{W}/runs"), api.get(f"{W}/runs?perPage=4")

    assert (len(ids(unpaged)), unpaged.body["total"]) == (3, 5)
    assert too_many.pair == (400, {"error": "perPage must be at most 3", "code": "bad_request"})


def test_the_number_of_queries_does_not_grow_with_the_page(api: Api) -> None:
    workflow = get_workflow("order-approval")
    for _ in range(6):
        run = workflow.create_run()
        run.start(ORDER)
        run.time_travel("manager-approval")

    def queries(size: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            api.get(f"workflows/order-approval/runs?perPage={size}")
        return len(captured)

    api.get("workflows")  # the first use of a token is noted
    assert queries(6) == queries(1)


# --- one run ---------------------------------------------------------------------------------


def test_a_run_is_shown_with_all_its_steps(api: Api) -> None:
    get_workflow("order-approval").create_run(run_id="o", resource_id="acme").start(ORDER)

    record = api.get("workflows/order-approval/runs/o").body

    assert record["status"] == "suspended"
    assert record["payload"] == ORDER
    assert record["resourceId"] == "acme"
    assert list(record["steps"]) == ["price-order", "manager-approval"]
    asked = record["steps"]["manager-approval"]["suspendPayload"]
    assert {"reason": "Order needs approval", "total": 180}.items() <= asked.items()
    assert record["resumeLabels"] == {"manager-decision": {"stepId": "manager-approval"}}
    assert record["suspendedPaths"] == {"manager-approval": [1]}


def test_a_nested_workflow_that_waits_is_shown_as_suspended(api: Api) -> None:
    run = get_workflow("refund-request").create_run(run_id="f")
    run.start({"orderId": "o", "amount": 900})

    steps = api.get("workflows/refund-request/runs/f").body["steps"]
    outer = api.get("workflows/refund-request/runs/f?withNestedWorkflows=false").body["steps"]

    assert {id: step["status"] for id, step in steps.items()} == {
        "find-order": "success",
        "refund-payment": "suspended",
        "refund-payment.fraud-check": "suspended",
    }
    assert {id: step["status"] for id, step in outer.items()} == {
        "find-order": "success",
        "refund-payment": "suspended",
    }


def test_fields_keep_what_they_name(api: Api) -> None:
    get_workflow("greet-customer").create_run(run_id="g").start(GREETING)

    record = api.get(f"{W}/runs/g?fields=result,%20payload").body

    always = {"runId", "workflowName", "resourceId", "createdAt", "updatedAt", "status"}
    assert set(record) == always | {"result", "payload"}


@pytest.mark.parametrize(
    ("query", "field"),
    [("fields=odd", "fields"), ("withNestedWorkflows=no", "withNestedWorkflows")],
)
def test_unknown_fields_are_refused(api: Api, query: str, field: str) -> None:
    answer = api.get(f"{W}/runs/r?{query}")

    assert answer.status == 400
    assert [issue["field"] for issue in answer.body["issues"]] == [field]


def test_a_deleted_run_is_gone(api: Api) -> None:
    get_workflow("greet-customer").create_run(run_id="g")

    assert api.delete(f"{W}/runs/g").pair == (200, {"message": "Workflow run deleted"})
    assert api.delete(f"{W}/runs/g").status == api.get(f"{W}/runs/g").status == 404


def test_cancel_ends_what_is_suspended_and_leaves_what_is_finished(api: Api) -> None:
    get_workflow("order-approval").create_run(run_id="o").start(ORDER)
    get_workflow("greet-customer").create_run(run_id="g").start(GREETING)

    answers = [api.post(f"{p}/cancel") for p in ("workflows/order-approval/runs/o", f"{W}/runs/g")]

    assert [answer.pair for answer in answers] == [(200, {"message": "Workflow run cancelled"})] * 2
    assert api.get("workflows/order-approval/runs/o").body["status"] == "canceled"
    assert api.get(f"{W}/runs/g").body["status"] == "success"


def test_ids_may_hold_slashes(api: Api) -> None:
    api.post(f"{W}/create-run?runId=a/b")

    assert api.get(f"{W}/runs/a/b").body["runId"] == "a/b"
    assert api.post(f"{W}/runs/a/b/cancel").status == 200
    assert api.delete(f"{W}/runs/a%2Fb").status == 200


# --- workflows -------------------------------------------------------------------------------


def test_counts_are_of_what_goes_on(api: Api) -> None:
    get_workflow("order-approval").create_run().start(ORDER)
    made(2, status="running")
    get_workflow("greet-customer").create_run().start(GREETING)

    counts = api.get("workflows/run-counts").body

    assert counts["order-approval"] == {"running": 0, "suspended": 1}
    assert counts["greet-customer"] == {"running": 2, "suspended": 0}
    assert set(counts) == set(api.get("workflows").body)


def test_partial_workflows_have_no_steps_but_their_number(api: Api) -> None:
    whole, partial = api.get("workflows").body, api.get("workflows?partial=true").body

    assert partial["greet-customer"]["stepCount"] == len(whole["greet-customer"]["steps"]) == 2
    assert partial["greet-customer"]["steps"] == {}
    assert "inputSchema" in whole["greet-customer"]
    assert "inputSchema" not in partial["greet-customer"]
    assert api.get("workflows/greet-customer").body == whole["greet-customer"]


def test_dates_without_zone_are_utc(api: Api) -> None:
    made(1)
    moment = datetime(2026, 1, 1, 12, 0, 1) - timedelta(seconds=1)

    assert ids(api.get(f"{W}/runs?fromDate={moment.isoformat()}")) == ["r0"]
