"""What is put into the outbox, and when."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from runs import TripWire, Webhook, Workflow, create_workflow
from runs.models import Run, WebhookDelivery
from runs.testing import crash_after
from tests.store.gallery import ask, same, step

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]

EVERYTHING = Webhook(
    "https://example.org/hook",
    events=("success", "failed", "tripwire", "canceled", "suspended", "paused"),
)


def workflow_of(*steps: Any, webhooks: Any = (EVERYTHING,)) -> Workflow:
    flow = create_workflow(id="order", webhooks=webhooks)
    for one in steps:
        flow = flow.then(one)
    return flow.commit()


def outbox() -> list[tuple[str, dict[str, Any]]]:
    """Each message: its event, and what it says of the outcome."""
    common = {"workflowId", "runId", "resourceId", "status", "attempt"}
    rows = WebhookDelivery.objects.order_by("created_at", "event")
    return [
        (row.event, {k: v for k, v in orjson.loads(row.body)["data"].items() if k not in common})
        for row in rows
    ]


def test_a_run_that_succeeds_is_told_with_its_result() -> None:
    run = workflow_of(same("a")).create_run(run_id="r1", resource_id="acme")
    run.start({"n": 1})

    delivery = WebhookDelivery.objects.get()
    message = orjson.loads(delivery.body)
    assert message == {
        "type": "run.success",
        "timestamp": message["timestamp"],
        "data": {
            "workflowId": "order",
            "runId": "r1",
            "resourceId": "acme",
            "status": "success",
            "attempt": 1,
            "result": {"n": 1},
        },
    }
    assert (delivery.url, delivery.status, delivery.tries) == (EVERYTHING.url, "pending", 0)
    assert (delivery.workflow_id, delivery.run_id) == ("order", "r1")


def test_a_suspension_is_told_and_then_the_end() -> None:
    run = workflow_of(ask()).create_run()
    run.start("why?")
    run.resume("because")

    assert outbox() == [
        (
            "run.suspended",
            {"suspended": [["ask"]], "suspendPayload": {"ask": {"question": "why?"}}},
        ),
        ("run.success", {"result": {"answer": "because", "asked": {"question": "why?"}}}),
    ]


def test_a_failure_a_trip_and_a_pause_are_told_with_their_reasons() -> None:
    def fail(ctx: Any) -> Any:
        raise ValueError("no stock")

    def trip(ctx: Any) -> Any:
        raise TripWire("not allowed")

    workflow_of(step("a", fail)).create_run().start()
    create_workflow("b", webhooks=[EVERYTHING]).then(step("b", trip)).commit().create_run().start()
    paused = create_workflow("c", webhooks=[EVERYTHING]).then(same("c")).then(same("d")).commit()
    paused.create_run().start({"n": 1}, per_step=True)

    (failed, trip_told, pause) = outbox()
    assert failed == ("run.failed", {"error": {"message": "no stock", "name": "ValueError"}})
    assert (trip_told[0], trip_told[1]["tripwire"]["reason"]) == ("run.tripwire", "not allowed")
    assert pause == ("run.paused", {})


def test_a_cancellation_is_told_wherever_the_run_was() -> None:
    workflow = workflow_of(ask())
    pending, suspended = workflow.create_run(), workflow.create_run()
    suspended.start("why?")
    for run in (pending, suspended, suspended):
        run.cancel()

    events = [(row.event, row.run_id) for row in WebhookDelivery.objects.order_by("created_at")]
    assert events == [
        ("run.suspended", suspended.run_id),
        ("run.canceled", pending.run_id),
        ("run.canceled", suspended.run_id),
    ]


def test_a_run_that_cancels_itself_while_it_ends_is_told_as_canceled() -> None:
    def end(ctx: Any) -> Any:
        Run.objects.get(run_id=ctx.run_id).cancel()
        return {"n": 1}

    workflow_of(step("a", end)).create_run().start()

    assert [event for event, _ in outbox()] == ["run.canceled"]


def test_who_named_the_webhook_decides_what_is_told() -> None:
    own = Webhook("https://example.org/own", events=("success",), secret="OWN_SECRET")
    run = workflow_of(ask(), webhooks=[]).create_run(webhooks=[own])
    run.start("why?")
    assert outbox() == []
    run.resume("because")

    row = WebhookDelivery.objects.get()
    assert (row.event, row.url, row.secret) == ("run.success", own.url, own.secret)


def test_an_outcome_that_was_not_stored_is_not_told_and_a_stored_one_once() -> None:
    run = workflow_of(same("a")).create_run()
    with crash_after("a"):
        run.start({"n": 1})
    assert outbox() == []

    run.restart()
    run.restart()

    assert outbox() == [("run.success", {"result": {"n": 1}})]


def test_a_large_outcome_is_left_to_be_asked_for(settings: Any) -> None:
    settings.RUNS_WEBHOOK_MAX_BYTES = 2000

    def fail(ctx: Any) -> Any:
        raise ValueError("x" * 5000)

    workflow_of(same("a")).create_run().start({"text": "x" * 5000})
    create_workflow("b", webhooks=[EVERYTHING]).then(step("b", fail)).commit().create_run().start()

    assert outbox() == [
        ("run.success", {"truncated": True}),
        ("run.failed", {"truncated": True, "error": {"message": "x" * 1000, "name": "ValueError"}}),
    ]


def test_a_run_of_nobodys_interest_costs_no_row() -> None:
    workflow_of(same("a"), webhooks=[]).create_run().start({"n": 1})

    assert not WebhookDelivery.objects.exists()
