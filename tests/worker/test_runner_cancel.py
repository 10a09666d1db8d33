from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from runs import create_workflow
from runs.models import Run
from runs.operations import find_run
from runs.store import lease, ledger
from runs.store.ledger import Write, Written
from runs.testing import told
from runs.worker import pace, takeover
from runs.worker.drive import drive
from runs.worker.rounds import Rounds
from tests.store.gallery import add, step
from tests.store.waiting import DEADLINE, Background, Gate, Stopwatch, until
from tests.worker.running import at_rest, one_started, running, started

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]


def waiting_for_abort(kind: str, gate: Gate, seen: list[float]) -> Any:
    def body(ctx: Any) -> Any:
        gate.pass_by()
        assert ctx.abort_signal.wait_aborted(DEADLINE)
        seen.append(time.monotonic())
        return "of the body"

    async def abody(ctx: Any) -> Any:
        gate.pass_by()
        assert await ctx.abort_signal.await_aborted(DEADLINE)
        seen.append(time.monotonic())
        return "of the body"

    return body if kind == "def" else abody


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_body_in_a_worker_sees_its_abort_signal_within_a_second(kind: str) -> None:
    gate, seen, after = Gate(), [], []
    flow = create_workflow("w").then(step("s", waiting_for_abort(kind, gate, seen)))
    flow.then(step("t", lambda ctx: after.append(1)))
    with Stopwatch() as watch, running():
        run = one_started(flow.commit())
        gate.wait_reached()

        asked_at = time.monotonic()
        run.cancel()
        shown = run.status
        assert at_rest(run) == ["canceled"]

    assert watch.seconds(asked_at, seen[0]) < 1
    assert (shown, after) == ("canceled", [])
    assert run.steps.get(path="s").output == "of the body"
    assert [event["type"] for event in told(run)][-2:] == ["workflow-canceled", "workflow-finish"]
    assert run.ended_at is not None


def test_the_caller_that_waits_for_the_run_is_told() -> None:
    gate, seen = Gate(), []
    flow = create_workflow("w").then(step("s", waiting_for_abort("def", gate, seen))).commit()
    with running():
        run = flow.create_run(run_id="r")
        caller = Background(run.start)
        gate.wait_reached()
        find_run("w", "r").cancel()

        assert caller.outcome().status == "canceled"


def test_a_run_that_was_shown_as_canceled_stays_so(settings: Any) -> None:
    """Its last body ends before the worker's next look at what is to be canceled."""
    gate = Gate()
    flow = create_workflow("w").then(step("s", lambda ctx: gate.stop())).commit()
    settings.RUNS_HEARTBEAT_SECONDS = 1000
    settings.RUNS_LEASE_SECONDS = 1000
    with running():
        run = one_started(flow)
        gate.wait_reached()
        run.cancel()
        shown = run.status

        gate.open()
        [ended] = at_rest(run)

    assert (shown, ended) == ("canceled", "canceled")
    assert told(run)[-1]["payload"]["workflowStatus"] == "canceled"


def test_a_canceled_run_that_was_started_again_is_not_canceled_again() -> None:
    flow = create_workflow("w").then(add(1)).commit()
    run = flow.create_run()
    Run.objects.filter(pk=run.pk).update(status="success")
    with running():
        run.start({"n": 1})
        run.cancel()

        assert run.start({"n": 1}).status == "success"


def test_a_sleeping_run_is_canceled_at_once_and_never_woken(settings: Any) -> None:
    ran: list[int] = []
    settings.RUNS_SWEEP_SECONDS = 1000
    flow = create_workflow("w").sleep(1000).then(step("s", lambda ctx: ran.append(1))).commit()
    with running() as runner:
        run = one_started(flow)
        runner.wake(run.pk)
        until(lambda: Run.objects.filter(status="waiting", lease_owner="").exists())
        run.steps.filter(kind="wait").update(wake_at=timezone.now())
        Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
        run.cancel()
        runner.wake(run.pk)
        other = create_workflow("other").then(add(1)).commit().create_run()
        other.start_async({"n": 1})
        runner.wake()
        assert at_rest(other) == ["success"]

    run.refresh_from_db()
    assert (run.status, run.due_at, ran) == ("canceled", None, [])


def test_a_run_that_no_worker_has_taken_up_is_canceled_at_once() -> None:
    ran: list[int] = []
    run = one_started(create_workflow("w").then(step("s", lambda ctx: ran.append(1))).commit())

    run.cancel()
    with running():
        other = create_workflow("other").then(add(1)).commit().create_run()
        assert other.start({"n": 1}).status == "success"

    run.refresh_from_db()
    assert (run.status, ran) == ("canceled", [])


def test_a_step_in_a_worker_may_abort_its_run() -> None:
    ran: list[int] = []
    flow = create_workflow("w").then(step("s", lambda ctx: ctx.abort()))
    with running():
        run = one_started(flow.then(step("t", lambda ctx: ran.append(1))).commit())
        assert at_rest(run) == ["canceled"]

    assert ran == []


@pytest.mark.parametrize("way", ["on the loop", "in its own thread", "in rounds"])
def test_a_body_does_not_begin_if_the_cancel_comes_while_its_start_is_written(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "TRUSTED", 0 if way == "in rounds" else pace.TRUSTED)
    began: list[str] = []
    flow = create_workflow("w").then(step("a", lambda ctx: began.append("a")))
    [run] = started(flow.then(step("b", lambda ctx: began.append("b"))).commit())
    claim = lease.claim(run.pk, "me")
    assert claim is not None
    [session] = takeover.open_claimed([claim])

    def store_here(writes: Sequence[Write]) -> list[Written]:
        entries = [entry for write in writes for entry in write.entries]
        if any(entry.path == "b" for entry in entries) and run.status != "canceled":
            run.cancel()
        return ledger.append(writes)

    async def store(write: Write) -> Written:
        return (await sync_to_async(store_here)([write]))[0]

    async def pool(function: Any, ctx: Any) -> Any:
        return await sync_to_async(function)(ctx)

    with ThreadPoolExecutor(1) as threads:
        rounds = None if way == "on the loop" else Rounds(threads.submit, store_here)
        assert asyncio.run(drive(session, store, pool, holds=False, rounds=rounds))
        threads.submit(connections.close_all).result()

    run.refresh_from_db()
    assert (run.status, began) == ("canceled", ["a"])
    assert run.steps.get(path="b").status == "canceled"
