"""A run started inside a transaction of the caller's commits or vanishes with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from runs import Workflow, create_workflow
from runs.exceptions import RunsError
from runs.models import Run, RunEvent, StepSnapshot, WorkerProcess
from runs.models import Workflow as WorkflowRow
from runs.operations import find_run
from runs.worker import feed
from tests.store.gallery import ask, step
from tests.store.tables import all_rows
from tests.store.waiting import Background

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]

Tickets = Callable[[], list[int]]
NOTHING: dict[str, list[Any]] = {"Run": [], "StepSnapshot": [], "RunEvent": []}


class ChangedTheirMindError(Exception):
    """What ends the caller's transaction."""


def reading() -> Workflow:
    """A workflow whose plain step reads and writes the caller's tables."""

    def body(ctx: Any) -> Any:
        Group.objects.create(name="of the step")
        return sorted(Group.objects.values_list("name", flat=True))

    return create_workflow("reading").then(step("read", body)).commit()


def rolled_back(call: Callable[[], Any]) -> None:
    """Call inside a transaction that ends badly."""
    with pytest.raises(ChangedTheirMindError), transaction.atomic():
        call()
        raise ChangedTheirMindError


# --- inline ----------------------------------------------------------------------------------


def test_a_plain_step_sees_rows_that_its_caller_has_not_committed() -> None:
    flow = reading()

    with transaction.atomic():
        Group.objects.create(name="of the caller")
        result = flow.create_run().start()

    assert result.result == ["of the caller", "of the step"]
    assert find_run("reading", result.run_id).status == "success"


def test_an_async_step_sees_them_through_djangos_async_calls() -> None:
    async def body(ctx: Any) -> Any:
        await Group.objects.acreate(name="of the step")
        return [group.name async for group in Group.objects.order_by("name")]

    flow = create_workflow("reading").then(step("read", body)).commit()

    with transaction.atomic():
        Group.objects.create(name="of the caller")
        result = flow.create_run().start()

    assert (result.status, result.result) == ("success", ["of the caller", "of the step"])


def test_a_run_that_is_rolled_back_was_never_there() -> None:
    flow = reading()

    rolled_back(lambda: flow.create_run().start())

    assert all_rows() == NOTHING
    assert (Group.objects.count(), WorkflowRow.objects.count()) == (0, 0)
    assert flow.create_run().start().result == ["of the step"]


def test_a_run_that_is_committed_has_all_its_rows() -> None:
    flow = reading()

    with transaction.atomic():
        run = flow.create_run()
        run.start()

    run.refresh_from_db()
    assert (run.status, run.lease_owner, run.due_at) == ("success", "", None)
    assert list(run.steps.values_list("path", "status").order_by("path")) == [
        ("", "success"),
        ("read", "success"),
    ]
    assert run.events.count() == 4


def test_a_run_that_suspends_in_a_transaction_can_be_resumed_after_it() -> None:
    flow = create_workflow("asking").then(ask()).commit()
    with transaction.atomic():
        run = flow.create_run()
        run.start("?")

    assert run.resume("!").result == {"answer": "!", "asked": {"question": "?"}}


def test_a_failed_step_does_not_break_the_callers_transaction() -> None:
    def body(ctx: Any) -> Any:
        Group.objects.create(name="of the step")
        raise ValueError("no")

    flow = create_workflow("failing").then(step("fail", body)).commit()

    with transaction.atomic():
        result = flow.create_run().start()
        Group.objects.create(name="after it")

    assert result.status == "failed"
    assert Group.objects.filter(name="after it").exists()
    assert find_run("failing", result.run_id).status == "failed"


def test_a_step_whose_statement_fails_is_a_failed_step_in_a_transaction_too() -> None:
    """On PostgreSQL a failed statement spoils its transaction: the step needs a savepoint."""

    def body(ctx: Any) -> Any:
        Group.objects.create(name="twice")
        Group.objects.create(name="twice")

    flow = create_workflow("failing").then(step("fail", body)).commit()

    with transaction.atomic():
        result = flow.create_run().start()

    assert (result.status, result.error and result.error["name"]) == ("failed", "IntegrityError")
    assert find_run("failing", result.run_id).status == "failed"


def test_start_async_drives_after_the_commit() -> None:
    flow, ran = _counting()

    with transaction.atomic():
        run = flow.create_run()
        run.start_async()
        assert ran == []

    run.refresh_from_db()
    assert (ran, run.status) == ([1], "success")


def test_start_async_that_is_rolled_back_drives_nothing() -> None:
    flow, ran = _counting()

    rolled_back(lambda: flow.create_run().start_async())

    assert (ran, all_rows()) == ([], NOTHING)


def _counting() -> tuple[Workflow, list[int]]:
    ran: list[int] = []
    return create_workflow("counting").then(step("count", lambda ctx: ran.append(1))).commit(), ran


def test_an_answer_that_is_rolled_back_leaves_the_run_suspended() -> None:
    run = create_workflow("asking").then(ask()).commit().create_run()
    run.start("?")
    before = all_rows()

    rolled_back(lambda: Run.objects.get().resume("never mind"))

    assert all_rows() == before
    assert Run.objects.get().resume("!").status == "success"


def test_a_cancel_that_is_rolled_back_did_not_happen() -> None:
    run = create_workflow("asking").then(ask()).commit().create_run()
    run.start("?")
    before = all_rows()

    rolled_back(lambda: Run.objects.get().cancel())

    assert all_rows() == before


def test_a_time_travel_that_is_rolled_back_leaves_the_attempt_before_it() -> None:
    run = _counting()[0].create_run()
    run.start()
    before = all_rows()

    rolled_back(lambda: Run.objects.get().time_travel("count"))

    assert all_rows() == before


def test_nobody_is_told_of_a_start_that_was_rolled_back() -> None:
    run = _counting()[0].create_run()
    told: list[Any] = []
    stop = feed.subscribe(run.pk, lambda seq, event: told.append(event["type"]))

    rolled_back(run.start_async)

    stop()
    assert told == []


# --- background ------------------------------------------------------------------------------


@pytest.fixture
def background(settings: Any) -> None:
    settings.RUNS_EXECUTION = "background"


@pytest.mark.usefixtures("background")
def test_one_ticket_is_handed_in_when_the_run_is_committed(tickets: Tickets) -> None:
    flow, ran = _counting()

    with transaction.atomic():
        run = flow.create_run()
        run.start_async()
        assert tickets() == []

    assert tickets() == [run.pk]
    run.refresh_from_db()
    assert (run.status, run.lease_owner, ran) == ("running", "", [])
    assert run.due_at is not None


@pytest.mark.usefixtures("background")
def test_a_run_that_is_rolled_back_gets_no_ticket(tickets: Tickets) -> None:
    flow, _ = _counting()

    rolled_back(lambda: flow.create_run().start_async())

    assert (tickets(), all_rows()) == ([], NOTHING)


@pytest.mark.usefixtures("background")
def test_only_what_the_outermost_transaction_keeps_gets_a_ticket(tickets: Tickets) -> None:
    flow, _ = _counting()

    with transaction.atomic():
        kept = flow.create_run(run_id="kept")
        kept.start_async()
        rolled_back(lambda: flow.create_run(run_id="dropped").start_async())

    assert tickets() == [kept.pk]
    assert list(Run.objects.values_list("run_id", flat=True)) == ["kept"]


@pytest.mark.usefixtures("background")
def test_a_start_outside_of_a_transaction_hands_its_ticket_in_at_once(tickets: Tickets) -> None:
    run = _counting()[0].create_run()

    run.start_async()

    assert tickets() == [run.pk]


@pytest.mark.usefixtures("background")
def test_an_answer_that_is_rolled_back_gets_no_ticket(tickets: Tickets) -> None:
    run = create_workflow("asking").then(ask()).commit().create_run(execution="inline")
    run.start("?")
    before = all_rows()

    rolled_back(lambda: Run.objects.get().resume_async("never mind"))

    assert (tickets(), all_rows()) == ([], before)


@pytest.mark.usefixtures("background")
def test_a_refused_start_gets_no_ticket(tickets: Tickets) -> None:
    flow = create_workflow("strict", input_schema={"type": "object"}).then(step("s", lambda c: 1))
    run = flow.commit().create_run()

    with pytest.raises(RunsError):
        run.start_async("not an object")

    assert tickets() == []


@pytest.mark.usefixtures("background")
def test_waiting_for_a_worker_inside_a_transaction_is_refused_at_once() -> None:
    """No worker can see the run before the commit, so the wait would have no end."""
    WorkerProcess.objects.create(id="somebody", host="h", pid=1, slots=1)
    flow, _ = _counting()

    def start() -> None:
        with transaction.atomic():
            flow.create_run().start()

    error = Background(start).outcome()

    assert isinstance(error, RunsError)
    assert "transaction" in str(error)
    assert (StepSnapshot.objects.count(), RunEvent.objects.count()) == (0, 0)
