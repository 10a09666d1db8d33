"""Runners in the test's own process, and runs for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runs import Workflow, create_workflow
from runs.models import Run, WorkerProcess
from runs.worker.runner import Runner
from tests.store.gallery import add
from tests.store.waiting import DEADLINE, until


def adding() -> Workflow:
    """Of ``{"n": 1}`` it makes ``{"n": 4}``, in two steps."""
    return create_workflow("w").then(add(1)).then(add(2)).commit()


def started(workflow: Workflow, count: int = 1, input_data: Any = None) -> list[Run]:
    """Runs that are due for a worker."""
    runs = [workflow.create_run(run_id=f"r{n}") for n in range(count)]
    for run in runs:
        run.start_async(input_data)
    return runs


def one_started(workflow: Workflow, input_data: Any = None) -> Run:
    [run] = started(workflow, 1, input_data)
    return run


@contextmanager
def running(*, drain_seconds: float = DEADLINE) -> Iterator[Runner]:
    """A runner that is known to be alive and has looked around once; drained at the end."""
    runner = Runner()
    made_at = runner._swept_at
    runner.start()
    try:
        until(WorkerProcess.objects.filter(id=runner.id).exists, "sign of life")
        until(lambda: runner._swept_at > made_at, "the first sweep")
        yield runner
    finally:
        runner.drain(drain_seconds)


def at_rest(*runs: Run, seconds: float = DEADLINE) -> list[str]:
    """Wait until nobody works on the runs or will; answers their statuses."""
    pks = [run.pk for run in runs]

    def resting() -> bool:
        return not Run.objects.filter(pk__in=pks, due_at__isnull=False).exists()

    until(resting, "all at rest", seconds)
    found = {run.pk: run for run in Run.objects.filter(pk__in=pks)}
    for run in runs:
        run.refresh_from_db()
    return [found[pk].status for pk in pks]


def is_inside(file: str, function: str) -> bool:
    """Whether some thread is executing a function of this name in this file right now."""
    for frame in sys._current_frames().values():
        at = frame
        while at is not None:
            if at.f_code.co_name == function and at.f_code.co_filename.endswith(file):
                return True
            at = at.f_back
    return False
