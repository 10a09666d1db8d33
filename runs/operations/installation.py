"""How this installation is: its workers, what is due, how late it is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Min

from runs.conf import conf
from runs.engine.journal import FINAL, Status
from runs.models import Run, WorkerProcess
from runs.models.fields import from_ms, to_ms
from runs.worker.broker import ticket_broker

logger = logging.getLogger("runs")

#: Workers that have been silent for longer are history.
REMEMBER = timedelta(hours=1)
#: Due runs are not counted beyond this.
COUNT_LIMIT = 1000
#: What is due for longer than this says that nobody takes it up in time.
LATE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Installation:
    """``queued`` runs are to be taken up now, ``late`` says for how long the oldest of them was."""

    workers: Sequence[WorkerProcess]
    queued: int
    late: float
    timers: int
    next_timer: datetime | None
    swept_at: datetime | None
    broker_answers: bool

    @property
    def alive(self) -> list[WorkerProcess]:
        return [worker for worker in self.workers if worker.is_alive]

    @property
    def driving(self) -> int:
        return sum(worker.driving for worker in self.alive)

    @property
    def slots(self) -> int:
        return sum(worker.slots for worker in self.alive)

    @property
    def is_late(self) -> bool:
        return self.late > LATE_SECONDS

    @property
    def needs_workers(self) -> bool:
        return conf.EXECUTION == "background"

    @property
    def is_well(self) -> bool:
        is_served = bool(self.alive) or not self.needs_workers
        return self.broker_answers and not self.is_late and is_served


def installation(now: datetime) -> Installation:
    known = list(WorkerProcess.objects.filter(seen_at__gte=now - REMEMBER).order_by("-seen_at"))
    due = Run.objects.due(now)
    timers = Run.objects.filter(status=Status.WAITING, due_at__gt=to_ms(now))
    oldest = due.aggregate(at=Min("due_at"))["at"]
    return Installation(
        workers=known,
        queued=len(due.order_by().values_list("pk")[: COUNT_LIMIT + 1]),
        late=0.0 if oldest is None else max((now - _moment(oldest)).total_seconds(), 0.0),
        timers=len(timers.order_by().values_list("pk")[: COUNT_LIMIT + 1]),
        next_timer=_or_none(timers.aggregate(at=Min("due_at"))["at"]),
        swept_at=max((one.swept_at for one in known if one.swept_at is not None), default=None),
        broker_answers=_broker_answers(),
    )


def _moment(value: datetime | int) -> datetime:
    found = value if isinstance(value, datetime) else from_ms(value)
    assert found is not None
    return found


def _or_none(value: datetime | int | None) -> datetime | None:
    return None if value is None else _moment(value)


def _broker_answers() -> bool:
    try:
        ticket_broker().ping()
    except Exception as error:  # whatever a broker's client raises: it does not answer
        logger.warning("the broker does not answer: %s", error)
        return False
    return True


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody takes runs up: since when, and how many wait for that."""

    since: datetime | None
    queued: int


def silence(now: datetime) -> Silence | None:
    """Whether no worker is alive though one is needed. One query where one is."""
    if conf.EXECUTION != "background":
        return None
    seen_at = WorkerProcess.objects.aggregate(at=Max("seen_at"))["at"]
    if seen_at is not None and now - seen_at < timedelta(seconds=conf.WORKER_TIMEOUT_SECONDS):
        return None
    queued = Run.objects.due(now).exclude(status__in=FINAL).order_by().values_list("pk")
    return Silence(seen_at, len(queued[: COUNT_LIMIT + 1]))
