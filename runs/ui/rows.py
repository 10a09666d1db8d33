"""Runs as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from runs.models import Run
from runs.operations.because import Because, because_of


@dataclass(frozen=True, slots=True)
class RunRow:
    run: Run
    because: Because
    took: float | None

    @property
    def is_going(self) -> bool:
        return self.run.started_at is not None and self.run.ended_at is None


def run_rows(runs: Iterable[Run]) -> list[RunRow]:
    """The rows of some runs; the lines that say why are read in one query."""
    listed, now = list(runs), timezone.now()
    lines = because_of(listed)
    return [RunRow(run, lines[run.pk], _took(run, now)) for run in listed]


def _took(run: Run, now: datetime) -> float | None:
    """Seconds from the start to the end, or until now."""
    if run.started_at is None:
        return None
    return ((run.ended_at or now) - run.started_at).total_seconds()
