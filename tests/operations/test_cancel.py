from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from runs import Workflow, create_workflow
from runs.definition.registry import isolated_registry
from runs.exceptions import RunNotFound, RunNotSuspended
from runs.models import Run
from runs.operations import find_run
from runs.store import lease, ledger
from runs.store.ledger import Write, Written
from runs.worker import perform, takeover
from runs.worker.drive import drive
from tests.store.gallery import add, ask, step
from tests.store.tables import all_rows
from tests.store.waiting import DEADLINE, Background, Gate, Stopwatch, until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def asking() -> Workflow:
    return create_workflow("w").then(add(1)).then(ask()).commit()


def told(run: Run) -> list[str]:
    return [event["type"].removeprefix("workflow-") for event in run.observe()]


# --- nobody works on it ----------------------------------------------------------------------


def test_a_pending_run_is_canceled_without_a_trace_of_having_run() -> None:
    run = asking().create_run()

    run.cancel()

    assert run.status == "canceled"
    assert (run.steps.count(), run.events.count()) == (0, 0)
    assert (run.lease_owner, run.due_at) == ("", None)
    assert run.ended_at is not None


def test_a_suspended_run_is_canceled_at_once() -> None:
    run = asking().create_run()
    run.start({"n": 1})

    run.cancel()

    assert (run.status, run.lease_owner, run.due_at) == ("canceled", "", None)
    assert run.ended_at is not None
    assert told(run)[-2:] == ["canceled", "finish"]
    finish = list(run.observe())[-1]
    assert finish["payload"]["workflowStatus"] == "canceled"


def test_a_waiting_run_is_canceled_at_once_and_never_wakes() -> None:
    run = _waiting()

    run.cancel()

    assert (run.status, run.lease_owner, run.due_at) == ("canceled", "", None)
    assert told(run)[-2:] == ["canceled", "finish"]


def _waiting() -> Run:
    """A run as a worker leaves it that gave it up until a timer fires."""
    flow = create_workflow("w").then(add(1)).sleep(1000).commit()
    run = flow.create_run(execution="background")
    run.start_async({"n": 1})
    drive_as_worker(run)
    run.refresh_from_db()
    assert (run.status, run.lease_owner) == ("waiting", "")
    return run


def drive_as_worker(run: Run) -> None:
    """Claim the run and drive it until it rests or may be given up."""
    claim = lease.claim(run.pk, "worker")
    assert claim is not None
    [session] = takeover.open_claimed([claim])

    async def store(write: Write) -> Written:
        return await sync_to_async(ledger.append_one)(write)

    async_to_sync(drive)(session, store, perform.call, holds=False)


@pytest.mark.parametrize("ending", ["success", "failed", "tripwire"])
def test_a_finished_run_is_left_alone(ending: str) -> None:
    run = asking().create_run()
    run.start({"n": 1})
    run.resume("!")
    Run.objects.update(status=ending)
    before = all_rows()

    run.cancel()

    assert all_rows() == before
    assert run.status == ending


def test_a_second_cancel_changes_nothing() -> None:
    run = asking().create_run()
    run.start({"n": 1})
    run.cancel()
    before = all_rows()

    run.cancel()

    assert all_rows() == before


def test_a_paused_run_is_canceled() -> None:
    run = asking().create_run()
    run.start({"n": 1}, per_step=True)
    assert run.status == "paused"

    run.cancel()

    assert run.status == "canceled"


def test_a_run_that_does_not_exist_is_not_found() -> None:
    run = asking().create_run()
    Run.objects.all().delete()

    with pytest.raises(RunNotFound):
        run.cancel()


def test_a_run_of_a_workflow_that_is_gone_can_still_be_canceled() -> None:
    run = asking().create_run()
    run.start({"n": 1})

    with isolated_registry():
        find_run("w", run.run_id).cancel()

    run.refresh_from_db()
    assert run.status == "canceled"


def test_a_canceled_run_is_not_resumed() -> None:
    run = asking().create_run()
    run.start({"n": 1})
    run.cancel()
    before = all_rows()

    with pytest.raises(RunNotSuspended):
        run.resume("!")

    assert all_rows() == before


# --- somebody works on it --------------------------------------------------------------------

BODIES = pytest.mark.parametrize("kind", ["def", "async def"])


def waiting_for_abort(kind: str, gate: Gate, seen: list[float]) -> Any:
    """A body that works until its abort signal fires, and notes when that was."""

    def body(ctx: Any) -> Any:
        gate.pass_by()
        assert ctx.abort_signal.wait_aborted(DEADLINE)
        seen.append(time.monotonic())
        return {"n": "of the body"}

    async def abody(ctx: Any) -> Any:
        gate.pass_by()
        assert await ctx.abort_signal.await_aborted(DEADLINE)
        seen.append(time.monotonic())
        return {"n": "of the body"}

    return body if kind == "def" else abody


@pytest.mark.django_db(transaction=True)
@BODIES
def test_a_running_body_sees_its_abort_signal_within_a_second(kind: str) -> None:
    gate, seen, after = Gate(), [], []
    body = waiting_for_abort(kind, gate, seen)
    flow = create_workflow("w").then(step("s", body)).then(step("t", lambda c: after.append(1)))
    run_id = flow.commit().create_run().run_id
    with Stopwatch() as watch:
        driver = Background(lambda: find_run("w", run_id).start())
        gate.wait_reached()

        asked_at = time.monotonic()
        run = find_run("w", run_id)
        run.cancel()

        assert run.status == "canceled"
        result = driver.outcome()
    assert watch.seconds(asked_at, seen[0]) < 1
    assert (result.status, after) == ("canceled", [])
    assert result.steps["s"]["output"] == {"n": "of the body"}
    run.refresh_from_db()
    assert (run.status, run.lease_owner, run.due_at) == ("canceled", "", None)
    assert run.ended_at is not None
    assert told(run)[-2:] == ["canceled", "finish"]


@pytest.mark.django_db(transaction=True)
async def test_a_coroutine_may_cancel_the_run_it_has_started() -> None:
    begun = asyncio.Event()

    async def body(ctx: Any) -> Any:
        begun.set()
        assert await ctx.abort_signal.await_aborted(DEADLINE)

    flow = create_workflow("w").then(step("s", body)).commit()
    run = await flow.acreate_run()
    going = asyncio.ensure_future(run.astart())
    await asyncio.wait_for(begun.wait(), DEADLINE)

    await run.acancel()

    result = await asyncio.wait_for(going, DEADLINE)
    assert (result.status, run.status) == ("canceled", "canceled")


@pytest.mark.django_db(transaction=True)
async def test_a_coroutine_may_cancel_a_plain_body_that_blocks() -> None:
    gate, seen = Gate(), []
    flow = create_workflow("w").then(step("s", waiting_for_abort("def", gate, seen))).commit()
    run = await flow.acreate_run()
    going = asyncio.ensure_future(run.astart())
    await asyncio.to_thread(gate.wait_reached)

    with Stopwatch() as watch:
        asked_at = time.monotonic()
        await run.acancel()
        result = await going

    assert result.status == "canceled"
    assert watch.seconds(asked_at, seen[0]) < 1


@pytest.mark.django_db(transaction=True)
def test_a_cancel_ends_the_wait_of_a_run_that_sleeps_in_its_caller() -> None:
    flow = create_workflow("w").then(add(1)).sleep(1000).then(add(2)).commit()
    run_id = flow.create_run().run_id
    driver = Background(lambda: find_run("w", run_id).start({"n": 1}))
    until(lambda: find_run("w", run_id).steps.filter(status="waiting").exists())

    find_run("w", run_id).cancel()

    assert driver.outcome().status == "canceled"


@pytest.mark.django_db(transaction=True)
def test_a_cancel_ends_the_wait_between_two_tries() -> None:
    driver, _ = _canceled_between_tries()

    assert driver.outcome().status == "canceled"


@pytest.mark.django_db(transaction=True)
def test_a_canceled_run_waits_for_no_further_try() -> None:
    driver, tries = _canceled_between_tries()

    driver.outcome()

    assert tries == [0]


def _canceled_between_tries() -> tuple[Background, list[int]]:
    def body(ctx: Any) -> Any:
        tries.append(ctx.retry_count)
        raise ValueError("again")

    tries: list[int] = []
    flow = create_workflow("w").then(step("s", body, retries=5, retry_delay=1000)).commit()
    run_id = flow.create_run().run_id
    driver = Background(lambda: find_run("w", run_id).start())
    until(lambda: find_run("w", run_id).steps.filter(tries=1).exists())
    find_run("w", run_id).cancel()
    return driver, tries


@pytest.mark.django_db(transaction=True)
def test_a_cancel_reaches_a_body_in_a_nested_workflow_and_its_siblings() -> None:
    gate, seen = Gate(), []
    bodies = [step(f"s{n}", waiting_for_abort("async def", gate, seen)) for n in range(2)]
    inner = create_workflow("inner").then(bodies[0]).then(add(1)).commit()
    run = create_workflow("w").parallel([inner, bodies[1]]).then(add(2)).commit().create_run()

    async def start_and_cancel() -> Any:
        going = asyncio.ensure_future(run.astart())
        await asyncio.to_thread(gate.wait_reached, 2)
        await run.acancel()
        return await going

    result = asyncio.run(start_and_cancel())

    assert (result.status, len(seen)) == ("canceled", 2)


def test_a_run_whose_driver_died_ends_with_its_cancel() -> None:
    ran: list[int] = []
    flow = create_workflow("w").then(step("s", lambda ctx: ran.append(1))).commit()
    run = flow.create_run(execution="background")
    run.start_async()
    lease.claim(run.pk, "gone")
    lease.abandon("gone")

    run.cancel()

    assert (run.status, run.lease_owner, run.due_at, ran) == ("canceled", "", None, [])
    assert told(run)[-2:] == ["canceled", "finish"]
