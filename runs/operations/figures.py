"""What lists of workflows say in numbers: a handful of queries, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.expressions import Window
from django.db.models.functions import RowNumber

from runs.engine import path as paths
from runs.engine.journal import Kind, Status
from runs.models import Run, StepSnapshot, Workflow

#: Bars of the spark line, each of an hour.
HOURS = 24
#: So many of the newest finished runs say how long a workflow takes.
SAMPLE = 100
#: Recorded steps that are looked at to say how long steps take.
MOST_STEPS = 2000

OPEN = (Status.PENDING, Status.RUNNING, Status.WAITING, Status.SUSPENDED, Status.PAUSED)
FAILURES = (Status.FAILED, Status.TRIPWIRE)


@dataclass
class Figures:
    """The last 24 hours of one workflow, and what of it is open now.

    ``hours`` and ``failures`` count the runs made in each hour, oldest first; ``p50`` and ``p95``
    are seconds that successful runs took, waits included, and None where there were none.
    """

    hours: list[int] = field(default_factory=lambda: [0] * HOURS)
    failures: list[int] = field(default_factory=lambda: [0] * HOURS)
    open: dict[str, int] = field(default_factory=dict)
    succeeded: int = 0
    last: Run | None = None
    p50: float | None = None
    p95: float | None = None

    @property
    def total(self) -> int:
        return sum(self.hours)

    @property
    def failed(self) -> int:
        return sum(self.failures)

    @property
    def suspended(self) -> int:
        return self.open.get(Status.SUSPENDED, 0)

    @property
    def active(self) -> int:
        return self.open.get(Status.RUNNING, 0) + self.open.get(Status.WAITING, 0)

    @property
    def success_rate(self) -> float | None:
        """The share of successes among the runs that ended one way or the other."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else None


def figures(runs: QuerySet[Run], now: datetime) -> Mapping[str, Figures]:
    """The figures of each workflow that has any of these runs, by its id."""
    found: dict[str, Figures] = defaultdict(Figures)
    recent = runs.filter(created_at__gt=now - timedelta(hours=HOURS))
    _count_hours(found, recent, now)
    for workflow_id, status, number in _grouped(runs.filter(status__in=OPEN), "status"):
        found[workflow_id].open[status] = number
    _find_last(found, runs)
    _measure(found, recent)
    return found


def _grouped(runs: QuerySet[Run], *by: str) -> Iterable[tuple[Any, ...]]:
    return runs.order_by().values_list("workflow_id", *by).annotate(number=Count("pk"))


def _count_hours(found: dict[str, Figures], recent: QuerySet[Run], now: datetime) -> None:
    bounds = [now - timedelta(hours=HOURS - hour) for hour in range(HOURS)]
    latest_first = reversed(list(enumerate(bounds)))
    hour = Case(
        *(When(created_at__gt=bound, then=Value(index)) for index, bound in latest_first),
        default=Value(0),
        output_field=IntegerField(),
    )
    for workflow_id, index, status, number in _grouped(
        recent.annotate(hour=hour), "hour", "status"
    ):
        figures = found[workflow_id]
        figures.hours[index] += number
        if status in FAILURES:
            figures.failures[index] += number
        elif status == Status.SUCCESS:
            figures.succeeded += number


def _find_last(found: dict[str, Figures], runs: QuerySet[Run]) -> None:
    newest = runs.filter(workflow_id=OuterRef("pk")).order_by("-created_at", "-pk")
    keys = Workflow.objects.order_by().values_list(Subquery(newest.values("pk")[:1]), flat=True)
    for run in Run.objects.filter(pk__in=[key for key in keys if key is not None]):
        found[run.workflow_id].last = run


def _measure(found: dict[str, Figures], recent: QuerySet[Run]) -> None:
    number = Window(RowNumber(), partition_by="workflow_id", order_by="-created_at")
    sample = (
        recent.filter(status=Status.SUCCESS, started_at__isnull=False, ended_at__isnull=False)
        .annotate(number=number)
        .filter(number__lte=SAMPLE)
        .order_by()
        .values_list("workflow_id", "started_at", "ended_at")
    )
    seconds: dict[str, list[float]] = defaultdict(list)
    for workflow_id, started_at, ended_at in sample:
        assert started_at is not None and ended_at is not None  # the filter says so
        seconds[workflow_id].append((ended_at - started_at).total_seconds())
    for workflow_id, values in seconds.items():
        values.sort()
        found[workflow_id].p50 = percentile(values, 50)
        found[workflow_id].p95 = percentile(values, 95)


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The value that so many percent of the values do not exceed (nearest rank)."""
    return ordered[max(-(-len(ordered) * percent // 100) - 1, 0)]


def step_seconds(runs: Iterable[Run]) -> dict[str, float]:
    """The longest time each step of some runs took, by path without repetition marks."""
    attempts = {run.pk: run.attempt for run in runs}
    rows = StepSnapshot.objects.filter(
        run_id__in=attempts, kind=Kind.STEP, started_at__isnull=False, ended_at__isnull=False
    ).values_list("run_id", "attempt", "path", "started_at", "ended_at")
    found: dict[str, float] = {}
    for run_pk, attempt, path, started_at, ended_at in rows[:MOST_STEPS]:
        if attempt != attempts[run_pk] or started_at is None or ended_at is None:
            continue
        key = paths.unmarked(path)
        found[key] = max(found.get(key, 0.0), (ended_at - started_at).total_seconds())
    return found
