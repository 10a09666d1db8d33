from __future__ import annotations

import time
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from runs import RetryConfig, Workflow, create_workflow
from runs.models import Run, WorkerProcess
from runs.worker.execution import result_of_stored
from tests.store.gallery import add, step
from tests.store.waiting import Gate, until
from tests.worker.running import at_rest, running, started

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]


# --- waits -----------------------------------------------------------------------------------


def sleeping(seconds: float) -> Workflow:
    return create_workflow("w").then(add(1)).sleep(seconds).then(add(2)).commit()


def test_a_sleeping_run_is_given_up_until_its_time_has_come() -> None:
    with running() as runner:
        [run] = started(sleeping(1000), 1, {"n": 1})
        until(lambda: Run.objects.filter(pk=run.pk, status="waiting", lease_owner="").exists())
        run.refresh_from_db()
        [wait] = run.steps.filter(kind="wait")
        beat = WorkerProcess.objects.get(id=runner.id).seen_at
        until(lambda: WorkerProcess.objects.filter(seen_at__gt=beat, driving=0).exists())

    assert (wait.status, run.due_at) == ("waiting", wait.wake_at)
    assert wait.wake_at - wait.started_at == timedelta(seconds=1000)


def test_a_sleeping_run_is_woken_by_the_sweep() -> None:
    with running():
        [run] = started(sleeping(0.3), 1, {"n": 1})
        assert at_rest(run) == ["success"]

    assert run.fence == 3  # the start, and two claims: it was given up in between
    assert result_of_stored(run).result == {"n": 4}
    wait = run.steps.get(kind="wait")
    assert wait.ended_at - wait.started_at >= timedelta(seconds=0.3)
    assert run.recoveries == 0


def test_a_run_that_was_woken_is_running_again() -> None:
    gate = Gate()
    flow = create_workflow("w").sleep(0.2).then(step("s", lambda ctx: gate.stop())).commit()
    with running():
        [run] = started(flow, 1)
        gate.wait_reached()
        run.refresh_from_db()
        gate.open()
        assert run.status == "running"
        at_rest(run)


def test_a_moment_that_is_past_is_not_waited_for() -> None:
    flow = create_workflow("w").sleep_until(timezone.now() - timedelta(days=1)).then(add(1))

    with running():
        [run] = started(flow.commit(), 1, {"n": 1})
        assert at_rest(run) == ["success"]


def test_a_short_wait_is_waited_for_in_memory(settings: Any) -> None:
    settings.RUNS_HOLD_SECONDS = 5

    with running():
        [run] = started(sleeping(0.2), 1, {"n": 1})
        assert at_rest(run) == ["success"]

    assert run.fence == 2  # the start, and one claim


def test_a_run_between_two_tries_is_given_up_and_tried_again_when_its_time_has_come() -> None:
    tries: list[tuple[int, float]] = []

    def body(ctx: Any) -> Any:
        tries.append((ctx.retry_count, time.monotonic()))
        if ctx.retry_count < 2:
            raise ValueError("again")
        return "well"

    config = RetryConfig(attempts=2, delay_seconds=0.3)
    flow = create_workflow("w", retry_config=config).then(step("s", body)).commit()
    with running():
        [run] = started(flow, 1)
        assert at_rest(run) == ["success"]

    assert (run.fence, run.recoveries) == (4, 0)  # the start, and a claim for each try
    assert [number for number, _ in tries] == [0, 1, 2]
    moments = [moment for _, moment in tries]
    assert all(after - before >= 0.3 for before, after in pairwise(moments))
    result = result_of_stored(run)
    assert (result.result, result.step_execution_path) == ("well", ["s"])


def test_an_arm_that_sleeps_does_not_hold_up_the_one_that_works() -> None:
    gate = Gate()
    inner = create_workflow("inner").sleep(0.15).then(add(1)).commit()
    flow = create_workflow("w").parallel([inner, step("s", lambda ctx: gate.stop())]).commit()
    with running():
        [run] = started(flow, 1, {"n": 1})
        gate.wait_reached()
        until(lambda: run.steps.filter(path="inner/add-1", status="success").exists())
        gate.open()
        assert at_rest(run) == ["success"]
