"""Runners in the test's own process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from runs.models import Run, WorkerProcess
from runs.worker.runner import Runner
from tests.store.waiting import DEADLINE, until


@contextmanager
def running(*, drain_seconds: float = DEADLINE) -> Iterator[Runner]:
    """A runner that is known to be alive; drained at the end."""
    runner = Runner().start()
    try:
        until(WorkerProcess.objects.filter(id=runner.id).exists, "sign of life")
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
