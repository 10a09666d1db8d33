from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from runs import create_workflow
from runs.definition.registry import isolated_registry
from runs.models import Run, WorkerProcess
from runs.operations import find_run
from runs.store import lease
from runs.worker.execution import result_of_stored
from runs.worker.runner import BUSY, Runner
from tests.store.gallery import PIECES, add, ask, step
from tests.store.waiting import DEADLINE, Gate, together, until
from tests.worker.running import adding, at_rest, one_started, running, started

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]


# --- from start to end -----------------------------------------------------------------------


def test_a_caller_that_starts_a_run_gets_what_a_worker_made_of_it() -> None:
    with running():
        run = adding().create_run()
        result = run.start({"n": 1}, output_options={"include_state": True})

    assert (result.status, result.result, result.state) == ("success", {"n": 4}, {})
    assert (run.status, run.lease_owner, run.due_at) == ("success", "", None)


def test_a_coroutine_gets_it_too() -> None:
    async def call() -> Any:
        run = await adding().acreate_run()
        return await run.astart({"n": 1})

    with running():
        assert asyncio.run(call()).result == {"n": 4}


def test_a_run_whose_ticket_was_lost_is_found_by_the_sweep() -> None:
    [run] = started(adding(), 1, {"n": 1})

    with running():
        assert at_rest(run) == ["success"]


def test_a_ticket_makes_a_run_go_at_once(settings: Any) -> None:
    settings.RUNS_SWEEP_SECONDS = 1000
    with running() as runner:
        [run] = started(adding(), 1, {"n": 1})
        runner.wake(run.pk)
        assert at_rest(run) == ["success"]


class LookingAround(Runner):
    """A runner whose first sweep lasts: it has looked, and its slots are not free again yet."""

    def __init__(self) -> None:
        super().__init__()
        self.sweep = Gate()

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        answer = await super()._call(function, *arguments)
        if function is lease.claim_due:
            await self.sweep.astop()
        return answer


def test_a_ticket_that_comes_during_a_sweep_makes_its_run_go_at_once(settings: Any) -> None:
    settings.RUNS_SWEEP_SECONDS = 1000
    runner = LookingAround()
    runner.start()
    try:
        runner.sweep.wait_reached()
        run = one_started(adding(), {"n": 1})
        runner.wake(run.pk)
        until(lambda: runner._missed)
        runner.sweep.open()
        assert at_rest(run) == ["success"]
    finally:
        runner.drain(DEADLINE)


def test_a_worker_that_has_much_to_do_takes_up_what_tickets_name_all_the_same(
    settings: Any,
) -> None:
    settings.RUNS_SWEEP_SECONDS = 1000
    gate = Gate()

    async def body(ctx: Any) -> None:
        await gate.astop()

    flow = create_workflow("w").then(step("s", body)).commit()
    with running() as runner:
        runs = started(flow, 3 * BUSY)
        for first, second in zip(runs[::2], runs[1::2], strict=True):
            runner.wake(first.pk, second.pk)
        gate.wait_reached(3 * BUSY)
        gate.open()
        assert at_rest(*runs) == ["success"] * 3 * BUSY


def test_tickets_for_what_is_not_due_are_harmless() -> None:
    flow = adding()
    finished, sleeping = flow.create_run(), flow.create_run()
    finished.execution_mode = "inline"
    finished.start({"n": 1})
    in_an_hour = timezone.now() + timedelta(hours=1)
    Run.objects.filter(pk=sleeping.pk).update(due_at=in_an_hour)

    with running() as runner:
        for pk in (finished.pk, sleeping.pk, 987_654):
            runner.wake(pk)
        [run] = started(create_workflow("x").then(add(1)).commit(), 1, {"n": 1})
        assert at_rest(run) == ["success"]

    fences = dict(Run.objects.values_list("pk", "fence"))
    assert (fences[finished.pk], fences[sleeping.pk]) == (1, 0)


def test_two_tickets_for_one_run_drive_it_once() -> None:
    ran: list[int] = []
    flow = create_workflow("w").then(step("s", lambda ctx: ran.append(1))).commit()
    with running() as one, running() as other:
        [run] = started(flow, 1)
        for runner in (one, other, one, other):
            runner.wake(run.pk)
        assert at_rest(run) == ["success"]

    assert ran == [1]


def test_answers_and_travels_are_carried_out_by_workers_too() -> None:
    flow = create_workflow("w").then(add(1)).then(ask()).commit()
    with running():
        run = flow.create_run()
        statuses = [run.start({"n": 1}).status, run.resume("!").status]
        again = run.time_travel("ask")

    assert [*statuses, again.status] == ["suspended", "success", "suspended"]
    assert run.attempt == 2


def test_a_stream_of_a_run_that_a_worker_drives_has_all_its_events() -> None:
    with running():
        run = adding().create_run()
        stream = run.stream({"n": 1})
        events = list(stream)
        result = stream.result()

    assert events == list(run.observe())
    assert [event["type"] for event in events][-1] == "workflow-finish"
    assert result.result == {"n": 4}


TIMES = {"startedAt", "endedAt", "suspendedAt", "resumedAt"}


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in TIMES}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def _played(make: Callable[[], Any], execution: str) -> list[Any]:
    """What the calls of a piece return, and all events of its run, without their times."""
    with isolated_registry():
        piece = make()
        run = piece.workflow.create_run(run_id="r", execution=execution)
        try:
            results = [run.start(piece.input), *(call(run) for call in piece.calls)]
            shown = [result.to_wire() for result in results]
            return [_timeless(shown), _timeless(list(run.observe()))]
        finally:
            run.delete()


def test_every_kind_of_workflow_ends_the_same_in_a_worker_as_in_its_caller() -> None:
    inline = {make.__name__: _played(make, "inline") for make in PIECES}

    with running():
        background = {make.__name__: _played(make, "background") for make in PIECES}

    results = {name: played[0] for name, played in inline.items()}
    assert {name: played[0] for name, played in background.items()} == results
    for name in inline:
        # Arms run at once in a worker, one after another in a caller: the order may differ.
        told = [sorted(map(str, played[name][1])) for played in (inline, background)]
        assert told[0] == told[1], name


# --- many at once ----------------------------------------------------------------------------


def test_many_runs_are_driven_and_each_step_of_each_runs_once() -> None:
    ran: list[str] = []
    flow = create_workflow("w")
    for n in range(3):
        flow.then(step(f"s{n}", lambda ctx, n=n: ran.append(f"{ctx.run_id}/{n}")))
    runs = started(flow.commit(), 60)

    with running():
        statuses = at_rest(*runs)

    assert statuses == ["success"] * 60
    assert sorted(ran) == sorted(f"{run.run_id}/{n}" for run in runs for n in range(3))


def test_coroutine_bodies_of_many_runs_are_in_progress_at_once() -> None:
    here: list[str] = []

    async def body(ctx: Any) -> None:
        here.append(ctx.run_id)
        async with asyncio.timeout(DEADLINE):
            while len(here) < 30:
                await asyncio.sleep(0.005)

    runs = started(create_workflow("w").then(step("s", body)).commit(), 30)

    with running():
        assert at_rest(*runs) == ["success"] * 30


def test_plain_bodies_run_at_once_as_far_as_there_are_threads(settings: Any) -> None:
    settings.RUNS_WORKER_THREADS = 4
    barrier = threading.Barrier(4)
    flow = create_workflow("w").then(step("s", lambda ctx: barrier.wait(DEADLINE) and None))
    runs = started(flow.commit(), 8)

    with running():
        assert at_rest(*runs) == ["success"] * 8


def test_plain_arms_of_one_run_run_at_once() -> None:
    barrier = threading.Barrier(3)
    arms = [step(f"s{n}", lambda ctx: barrier.wait(DEADLINE) and None) for n in range(3)]
    [run] = started(create_workflow("w").parallel(arms).commit(), 1)

    with running():
        assert at_rest(run) == ["success"]


def test_a_blocking_body_holds_up_neither_other_runs_nor_the_signs_of_life() -> None:
    gate = Gate()
    slow = create_workflow("slow").then(step("s", lambda ctx: gate.stop())).commit()
    with running() as runner:
        [blocked] = started(slow, 1)
        gate.wait_reached()
        before = WorkerProcess.objects.get(id=runner.id).seen_at
        [quick] = started(adding(), 1, {"n": 1})

        assert at_rest(quick) == ["success"]
        until(lambda: WorkerProcess.objects.get(id=runner.id).seen_at > before)
        gate.open()
        assert at_rest(blocked) == ["success"]


@pytest.mark.parametrize("found_by", ["sweep", "tickets"])
def test_no_more_runs_are_driven_than_there_are_slots(found_by: str, settings: Any) -> None:
    settings.RUNS_WORKER_SLOTS = 3
    if found_by == "tickets":
        settings.RUNS_SWEEP_SECONDS = 0.5
    inside: set[str] = set()
    most: list[int] = []

    async def body(ctx: Any) -> None:
        inside.add(ctx.run_id)
        most.append(len(inside))
        await asyncio.sleep(0.1)
        inside.discard(ctx.run_id)

    runs = started(create_workflow("w").then(step("s", body)).commit(), 12)
    with running() as runner:
        for run in runs if found_by == "tickets" else ():
            runner.wake(run.pk)
        statuses = at_rest(*runs)

    assert statuses == ["success"] * 12
    assert max(most) <= 3


def test_two_runners_share_the_work() -> None:
    flow = create_workflow("w").then(step("s", lambda ctx: None)).then(add_nothing()).commit()
    with running(), running():
        runs = started(flow, 40)
        assert at_rest(*runs) == ["success"] * 40

    assert set(Run.objects.values_list("recoveries", flat=True)) == {0}


def add_nothing() -> Any:
    return step("t", lambda ctx: ctx.input_data)


def test_callers_in_many_threads_are_served() -> None:
    flow = adding()

    def call() -> Any:
        return flow.create_run().start({"n": 1}).result

    with running():
        assert together(*[call] * 8) == [{"n": 4}] * 8


# --- definitions -----------------------------------------------------------------------------


def test_a_run_of_a_workflow_that_no_longer_has_a_recorded_step_stops_and_says_so() -> None:
    flow = create_workflow("w").then(add(1)).then(ask()).commit()
    run = flow.create_run(execution="inline")
    run.start({"n": 1})
    run.execution_mode = "background"
    run.resume_async("!")

    with isolated_registry():
        create_workflow("w").then(add(5)).then(ask()).commit()
        with running():
            assert at_rest(run) == ["failed"]

    assert run.error_message == (
        "Workflow 'w' has changed since the run began and has no longer: add-1"
    )
    assert run.ended_at is not None
    assert run.steps.get(path="add-1").status == "success"


def test_a_run_of_a_workflow_that_only_gained_steps_goes_on() -> None:
    flow = create_workflow("w").then(add(1)).then(ask()).commit()
    run = flow.create_run(execution="inline")
    run.start({"n": 1})
    run.execution_mode = "background"
    run.resume_async("!")

    with isolated_registry():
        create_workflow("w").then(add(1)).then(ask()).then(step("new", lambda c: "new")).commit()
        with running():
            assert at_rest(run) == ["success"]

    assert result_of_stored(run).result == "new"


def test_a_run_of_a_workflow_that_this_worker_does_not_know_is_left_to_another() -> None:
    [run] = started(adding(), 1, {"n": 1})

    with isolated_registry(), running():
        until(lambda: Run.objects.filter(pk=run.pk, fence__gt=1, lease_owner="").exists())

    run.refresh_from_db()
    assert (run.status, run.due_at is not None) == ("running", True)


# --- presence --------------------------------------------------------------------------------


def test_a_worker_is_seen_with_what_it_drives_until_it_is_drained() -> None:
    gate = Gate()
    flow = create_workflow("w").then(step("s", lambda ctx: gate.stop())).commit()

    with running() as runner:
        [run] = started(flow, 1)
        gate.wait_reached()
        until(lambda: WorkerProcess.objects.filter(id=runner.id, driving=1).exists())
        worker = WorkerProcess.objects.get(id=runner.id)
        assert worker.is_alive
        assert find_run("w", run.run_id).lease_owner == runner.id
        gate.open()

    assert not WorkerProcess.objects.filter(id=runner.id).exists()


def test_a_worker_survives_a_database_that_does_not_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "runs.worker")
    with running():
        with connection.cursor() as cursor:
            cursor.execute('ALTER TABLE "runs_run" RENAME TO "runs_gone"')
        try:
            until(lambda: "did not answer" in caplog.text)
        finally:
            with connection.cursor() as cursor:
                cursor.execute('ALTER TABLE "runs_gone" RENAME TO "runs_run"')
        [run] = started(adding(), 1, {"n": 1})
        assert at_rest(run) == ["success"]
