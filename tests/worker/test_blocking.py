"""Bodies that hold up threads, the interpreter or the loop: their runs are not taken away."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from runs import create_workflow
from runs.models import Run, WorkerProcess
from tests.store.gallery import step
from tests.store.waiting import Gate, until
from tests.worker.running import at_rest, running

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]
#: Seconds of a lease, and a little longer than that.
LEASE, LONG = 4.0, 4.4


@pytest.fixture
def short_leases(settings: Any) -> None:
    settings.RUNS_LEASE_SECONDS = LEASE


def _calculates(seconds: float) -> int:
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        count += 1
    return count


@pytest.mark.usefixtures("short_leases")
def test_a_body_that_calculates_for_longer_than_a_lease_keeps_its_run() -> None:
    ran: list[int] = []

    def body(ctx: Any) -> None:
        ran.append(_calculates(LONG))

    with running(), running():
        run = create_workflow("w").then(step("s", body)).commit().create_run()
        run.start_async()
        assert at_rest(run) == ["success"]

    assert (len(ran), run.steps.get(path="s").starts) == (1, 1)


@pytest.mark.usefixtures("short_leases")
def test_a_coroutine_that_blocks_the_loop_keeps_its_run_and_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran: list[int] = []

    async def body(ctx: Any) -> None:
        ran.append(1)
        time.sleep(LONG)

    inner = create_workflow("inner").then(step("s", body)).commit()
    with caplog.at_level(logging.WARNING, "runs.worker"), running(), running():
        run = create_workflow("w").then(inner).commit().create_run(run_id="r")
        run.start_async()
        assert at_rest(run) == ["success"]

    assert (ran, run.steps.get(path="inner/s").starts) == ([1], 1)
    who = "Step 'inner.s' of run 'r' of workflow 'w'"
    told = [r.getMessage() for r in caplog.records if r.getMessage().startswith(who)]
    assert len(told) == 2
    assert told[0].startswith(f"{who} blocks the event loop of its worker, for ")
    assert "time.sleep(LONG)" in told[0].splitlines()[-1]
    assert told[1].startswith(f"{who} blocked the event loop for ")


def test_bodies_that_occupy_every_thread_leave_the_signs_of_life_alone(settings: Any) -> None:
    settings.RUNS_WORKER_THREADS = 2
    gate = Gate()
    flow = create_workflow("w").then(step("s", lambda ctx: gate.stop())).commit()
    with running() as runner:
        runs = [flow.create_run() for _ in range(4)]
        for run in runs:
            run.start_async()
        gate.wait_reached(2)
        seen_at = WorkerProcess.objects.get(id=runner.id).seen_at
        held = [row.due_at for row in Run.objects.filter(lease_owner=runner.id)]
        until(lambda: WorkerProcess.objects.get(id=runner.id).seen_at > seen_at)
        until(lambda: Run.objects.filter(due_at__gt=max(held)).count() == 4)  # type: ignore[type-var]
        gate.open()
        assert at_rest(*runs) == ["success"] * 4
