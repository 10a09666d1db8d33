"""Old runs are deleted: by hand, or by the workers when RUNS_RETENTION_DAYS says after how long."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from runs.conf import conf
from runs.engine.journal import FINAL
from runs.exceptions import RequestError
from runs.models.run import STATUSES
from runs.store import lease, lines, pruning, tally
from runs.store.pruning import Condition, Pruned
from runs.worker.duties import Call

#: Statuses of runs that are pruned unless others are named. What waits for somebody is not old.
FINISHED = sorted(status.value for status in FINAL)
#: Seconds between two looks of a worker for runs that are kept no longer.
RETENTION_PAUSE = 600.0
#: Seconds in which changes to the number of runs wait to be added up.
FOLDING_PAUSE = 5.0
logger = logging.getLogger("runs.worker")


def condition(
    older_than: timedelta, statuses: Sequence[str] = (), workflows: Sequence[str] = ()
) -> Condition:
    """Which runs are meant; RequestError for a status that does not exist."""
    known = [status.value for status in STATUSES]
    for status in statuses:
        if status not in known:
            raise RequestError(f"There is no status {status!r}; there are: {', '.join(known)}")
    if older_than < timedelta(0):
        raise RequestError("An age cannot be negative")
    return Condition(timezone.now() - older_than, list(statuses or FINISHED), list(workflows))


def prune_runs(which: Condition, *, batch: int = 500) -> Iterator[Pruned]:
    """Delete runs in batches, each in a transaction of its own; yields what each batch was."""
    if batch < 1:
        raise RequestError("A batch has at least one run")
    return pruning.prune(which, batch)


def count_prunable(which: Condition) -> Pruned:
    """What ``prune_runs`` would delete."""
    return pruning.count(which)


class Housekeeper:
    """A worker's duty: runs are kept no longer than they should, no line is forgotten, and what the
    database counts stays short."""

    def __init__(self) -> None:
        self._retention_at = self._lines_at = self._folding_at = self._clearing_at = 0.0
        self._leaving = False

    async def look(self, call: Call) -> None:
        now = time.monotonic()
        if now >= self._lines_at:
            self._lines_at = now + conf.LEASE_SECONDS
            await call(_move_lines)
        await self._tally(call, now)
        if conf.RETENTION_DAYS > 0 and now >= self._retention_at:
            self._retention_at = now + RETENTION_PAUSE
            await self._retain(call)

    async def close(self) -> None:
        self._leaving = True

    async def _tally(self, call: Call, now: float) -> None:
        if now >= self._folding_at:
            self._folding_at = now + FOLDING_PAUSE
            await call(tally.fold)
        if now >= self._clearing_at:
            self._clearing_at = now + RETENTION_PAUSE
            await call(tally.clear)

    async def _retain(self, call: Call) -> None:
        """Batch by batch, so that this worker may leave in between."""
        batches = prune_runs(condition(timedelta(days=conf.RETENTION_DAYS)))
        total = 0
        while not self._leaving and (pruned := await call(_next, batches)) is not None:
            total += pruned.total
        if total:
            logger.info("%s runs older than %s days are deleted", total, conf.RETENTION_DAYS)


def _next(batches: Iterator[Pruned]) -> Any:
    return next(batches, None)


def _move_lines() -> None:
    if forgotten := lines.forgotten():
        lines.move_up(forgotten, lease.now_ms())
