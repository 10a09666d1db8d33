from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction

from runs import Workflow, create_workflow
from runs.models import Run, WorkerProcess
from runs.worker.execution import result_of_stored
from runs.worker.runner import Runner
from tests.store.gallery import add, step
from tests.store.tables import all_rows
from tests.store.waiting import DEADLINE, Background, Gate, Stopwatch, until
from tests.worker.running import at_rest, is_inside, running, started

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]


def stopping_in_the_middle(gate: Gate, ran: list[str], kind: str = "def") -> Workflow:
    """Three steps; the second waits at the gate."""

    def note(id: str) -> Any:
        return step(id, lambda ctx: ran.append(id) or {"of": id})

    def body(ctx: Any) -> Any:
        ran.append("b")
        gate.stop()
        return {"of": "b"}

    async def abody(ctx: Any) -> Any:
        ran.append("b")
        await gate.astop()
        return {"of": "b"}

    flow = create_workflow("w").then(note("a"))
    return flow.then(step("b", body if kind == "def" else abody)).then(note("c")).commit()


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_drained_runner_finishes_the_body_and_another_the_run(kind: str) -> None:
    gate, ran = Gate(), []
    with running() as runner:
        [run] = started(stopping_in_the_middle(gate, ran, kind))
        gate.wait_reached()
        draining = Background(lambda: runner.drain(DEADLINE))
        until(lambda: runner._draining)
        assert draining.is_alive
        gate.open()
        draining.outcome()

    run.refresh_from_db()
    assert (ran, run.lease_owner, run.recoveries) == (["a", "b"], "", 0)
    assert run.due_at is not None
    assert run.steps.get(path="b").status == "success"
    with running():
        assert at_rest(run) == ["success"]
    assert ran == ["a", "b", "c"]
    assert (run.recoveries, result_of_stored(run).result) == (0, {"of": "c"})


def test_a_run_that_was_given_up_waits_for_nothing() -> None:
    gate = Gate()
    with running() as runner:
        [run] = started(stopping_in_the_middle(gate, []))
        gate.wait_reached()
        draining = Background(lambda: runner.drain(DEADLINE))
        until(lambda: runner._draining)
        gate.open()
        draining.outcome()

    run.refresh_from_db()
    assert run.status == "running"


def test_many_runs_are_handed_over_and_no_step_runs_twice() -> None:
    gate, ran = Gate(), []

    def body(ctx: Any, n: int) -> None:
        ran.append(f"{ctx.run_id}#{n}")
        if n == 3:
            gate.stop()

    flow = create_workflow("w")
    for n in range(6):
        flow.then(step(f"s{n}", lambda ctx, n=n: body(ctx, n)))
    runs = started(flow.commit(), 30)
    with running() as runner:
        gate.wait_reached(3)
        draining = Background(lambda: runner.drain(DEADLINE))
        until(lambda: runner._draining)
        gate.open()
        draining.outcome()
    handed_over = Run.objects.filter(due_at__isnull=False).count()

    with running():
        statuses = at_rest(*runs)

    # None of them came past the step at which some waited.
    assert (statuses, handed_over) == (["success"] * 30, 30)
    assert sorted(ran) == sorted(f"{run.run_id}#{n}" for run in runs for n in range(6))
    assert set(Run.objects.values_list("recoveries", flat=True)) == {0}


def test_bodies_of_all_arms_are_finished() -> None:
    gate, ran = Gate(), []
    arms = [step(f"s{n}", lambda ctx, n=n: gate.stop() or ran.append(n)) for n in range(3)]
    flow = create_workflow("w").parallel(arms).then(step("t", lambda ctx: ran.append(9))).commit()
    with running() as runner:
        [run] = started(flow)
        gate.wait_reached(3)
        draining = Background(lambda: runner.drain(DEADLINE))
        until(lambda: runner._draining)
        gate.open()
        draining.outcome()
    assert sorted(ran) == [0, 1, 2]

    with running():
        assert at_rest(run) == ["success"]

    assert sorted(ran) == [0, 1, 2, 9]


def test_a_sleeping_run_keeps_its_time_through_a_drain() -> None:
    with running():
        [run] = started(create_workflow("w").sleep(1000).commit())
        until(lambda: Run.objects.filter(status="waiting", lease_owner="").exists())
        before = Run.objects.get().due_at

    assert Run.objects.get().due_at == before
    assert Run.objects.get().pk == run.pk


def test_a_run_that_waits_between_tries_keeps_its_time_through_a_drain() -> None:
    def body(ctx: Any) -> None:
        raise ValueError("again")

    gate = Gate()
    bad = step("bad", body, retries=1, retry_delay=1000)
    flow = create_workflow("w").parallel([bad, step("slow", lambda ctx: gate.stop())]).commit()
    with running() as runner:
        [run] = started(flow)
        gate.wait_reached()
        until(lambda: run.steps.filter(path="bad", tries=1).exists())
        draining = Background(lambda: runner.drain(DEADLINE))
        until(lambda: runner._draining)
        gate.open()
        draining.outcome()

    entry = run.steps.get(path="bad")
    assert entry.wake_at is not None
    assert (entry.tries, entry.status) == (1, "running")


def test_a_body_that_does_not_end_in_time_is_left_and_its_run_goes_on_elsewhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate, ran = Gate(), []

    def body(ctx: Any) -> str:
        ran.append("b")
        if len(ran) == 1:
            gate.stop()
            return "too late"
        return "in time"

    late = Runner().start()
    [run] = started(create_workflow("w").then(step("b", body)).commit())
    gate.wait_reached()

    with Stopwatch() as watch:
        begun = time.monotonic()
        late.drain(0.1)
        ended = time.monotonic()
    assert watch.seconds(begun, ended) < 2
    assert "Bodies still run after 0.1 s" in caplog.text
    assert not WorkerProcess.objects.filter(id=late.id).exists()

    with running():
        assert at_rest(run) == ["success"]
    before = all_rows()
    gate.open()
    until(lambda: not late._sessions)
    late.drain(DEADLINE)
    assert (all_rows(), ran) == (before, ["b", "b"])
    assert result_of_stored(run).result == "in time"


def test_nothing_is_begun_while_draining() -> None:
    gate, ran = Gate(), []
    with running() as runner:
        started(stopping_in_the_middle(gate, []))
        gate.wait_reached()
        draining = Background(lambda: runner.drain(DEADLINE))
        until(lambda: runner._draining)
        [late] = started(create_workflow("x").then(step("s", lambda c: ran.append(1))).commit())
        runner.wake(late.pk)
        gate.open()
        draining.outcome()

    late.refresh_from_db()
    assert (ran, late.lease_owner, late.fence) == ([], "", 1)


def test_a_claim_that_is_under_way_when_draining_begins_is_not_lost() -> None:
    """Else its run would be nobody's until the lease ends."""
    runs = started(create_workflow("w").then(add(1)).commit(), 3, {"n": 1})
    runner = Runner()
    with transaction.atomic():
        _lock_runs()
        runner.start()
        until(lambda: is_inside("runs/store/lease.py", "claim_due"), "a sweep that has begun")
        draining = Background(lambda: runner.drain(DEADLINE))
        until(lambda: runner._draining)
    draining.outcome()
    until(lambda: not is_inside("runs/store/lease.py", "claim_due"))

    owners = set(Run.objects.filter(due_at__isnull=False).values_list("lease_owner", flat=True))
    assert owners <= {""}
    with running():
        assert at_rest(*runs) == ["success"] * 3
    assert set(Run.objects.values_list("recoveries", flat=True)) == {0}


def _lock_runs() -> None:
    """Keep everybody else from claiming: in SQLite this transaction is the only writer anyway."""
    Run.objects.update(resource_id="locked")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute('LOCK TABLE "runs_run" IN ACCESS EXCLUSIVE MODE')


def test_draining_twice_and_waking_afterwards_are_harmless() -> None:
    with running() as runner:
        runner.drain(DEADLINE)
        runner.drain(DEADLINE)
        runner.wake(1)
        runner.wake()

    assert not WorkerProcess.objects.filter(id=runner.id).exists()


def test_a_runner_that_was_never_started_can_be_drained() -> None:
    Runner().drain(DEADLINE)


def test_a_drained_runner_leaves_neither_threads_nor_connections() -> None:
    gc.collect()
    before = {thread.name for thread in threading.enumerate()}
    connections = _connections()
    flow = create_workflow("w").then(step("s", lambda ctx: Run.objects.count())).commit()

    with running():
        assert at_rest(*started(flow, 5)) == ["success"] * 5

    left = {thread.name for thread in threading.enumerate()} - before
    assert [name for name in left if name.startswith("runs-")] == []
    # The server ends a session in its own time.
    until(lambda: _connections() <= connections, "connections are closed")


def _connections() -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_a_coroutine_body_is_not_canceled_by_a_drain() -> None:
    canceled: list[int] = []
    gate = Gate()

    async def body(ctx: Any) -> str:
        try:
            await gate.astop()
        except asyncio.CancelledError:
            canceled.append(1)
            raise
        return "well"

    with running() as runner:
        [run] = started(create_workflow("w").then(step("s", body)).commit())
        gate.wait_reached()
        draining = Background(lambda: runner.drain(DEADLINE))
        until(lambda: runner._draining)
        gate.open()
        draining.outcome()

    with running():
        assert at_rest(run) == ["success"]
    assert (canceled, result_of_stored(run).result) == ([], "well")
