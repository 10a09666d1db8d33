"""The clock jumps by an hour and back: nothing is lost, nothing that was recorded runs again."""

from __future__ import annotations

import time
from pathlib import Path

from tests.drills.load import through
from tests.drills.shifted import VARIABLE
from tests.drills.site import site
from tests.drills.verdict import Verdict

HOUR_SECONDS = 3600


def drill(*, database: str, runs: int, seconds: float) -> Verdict:
    """Put the clock of the served processes forward, and after some seconds back again."""
    with site(database) as place:
        file = place.folder / "clock"
        _set(file, 0)
        place.environment[VARIABLE] = str(file)
        return through(place, lambda _: _jump(file, seconds), runs=runs, seconds=3 * seconds)


def _jump(file: Path, seconds: float) -> None:
    for shift in (HOUR_SECONDS, 0):
        _set(file, shift)
        time.sleep(seconds)


def _set(file: Path, seconds: int) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(str(seconds))
    draft.rename(file)
