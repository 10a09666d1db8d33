"""A machine's clock that is wrong by what a file says, for the processes of the clock's drill."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

VARIABLE = "DRILL_CLOCK"


def install() -> None:
    """Have Django and the workers read the wrong clock; called before any model is imported."""
    from runs.worker import clock

    file = Path(os.environ[VARIABLE])
    now, worker_now = timezone.now, clock.Clock.now

    def seconds() -> int:
        return int(file.read_text())

    def shifted() -> datetime:
        return now() + timedelta(seconds=seconds())

    timezone.now = shifted
    clock.Clock.now = lambda self: worker_now(self) + 1000 * seconds()  # type: ignore[method-assign]
