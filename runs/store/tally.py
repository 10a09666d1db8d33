"""How many runs there are, and where the n-th newest is, without counting them.

``runs_tally`` has the number of runs of each workflow, hour and status, and the same once more for
each resource; triggers keep it (``tally_tables``). A range of time is whole hours, which are added
up, and what sticks out at either end, which is counted by index. So a total among a million runs
costs what an hour of them costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from runs.models import Run

#: Pages up to here are walked to from the newest run.
NEAR = 1000
_HOUR = timedelta(hours=1)
_FORMAT = "%Y-%m-%d %H"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs of a workflow. None is no limit; ``since`` is within, ``before`` is not."""

    workflow_id: str
    status: str | None = None
    resource_ids: Sequence[str] | None = None
    since: datetime | None = None
    before: datetime | None = None

    def runs(self) -> QuerySet[Run]:
        """They themselves, newest first."""
        limits = {
            "workflow_id": self.workflow_id,
            "status": self.status,
            "created_at__gte": self.since,
            "created_at__lt": self.before,
        }
        found = Run.objects.filter(**{name: it for name, it in limits.items() if it is not None})
        if self.resource_ids is not None:
            found = found.filter(resource_id__in=self.resource_ids)
        return found.order_by("-created_at", "-pk")


@dataclass(frozen=True, slots=True)
class Place:
    """The hour a run is in, how many of the hour's runs are newer, and how many it has in all."""

    hour: datetime
    newer: int
    size: int

    @property
    def end(self) -> datetime:
        return self.hour + _HOUR


def count(wanted: Wanted) -> int:
    """How many they are, exactly."""
    _fold_many()
    if not _is_told(wanted):
        return wanted.runs().order_by().count()
    since, before = wanted.since, wanted.before
    first, end = since and _hour_after(since), before and _hour_of(before)
    if since and before and first and end and first > end:  # within one hour
        return _between(wanted, since, before)
    found = _sum(wanted, first, end)
    found += _within_hour(wanted, since, first) if since and first else 0
    found += _within_hour(wanted, end, before) if before and end else 0
    return found


def keys(wanted: Wanted, at: int, size: int) -> list[int]:
    """The keys of runs number ``at`` and on, newest first."""
    found = wanted.runs().values_list("pk", flat=True)
    if at < NEAR or not _is_told(wanted):
        return list(found[at : at + size])
    place = _place(wanted, at)
    if place is None:
        return []
    older = place.size - place.newer
    is_cut = wanted.since is not None and wanted.since > place.hour
    if is_cut or place.newer <= older:
        return list(found.filter(created_at__lt=place.end)[place.newer : place.newer + size])
    begins = max(older - size, 0)
    in_hour = found.filter(created_at__gte=place.hour).reverse()[begins:older]
    before = found.filter(created_at__lt=place.hour)[: max(size - older, 0)]
    return [*reversed(in_hour), *before]


def _place(wanted: Wanted, at: int) -> Place | None:
    """Where run number ``at`` is; None if there are not so many."""
    first, end, hidden = wanted.since and _hour_of(wanted.since), None, 0
    if wanted.before:  # the newest hour is told of as a whole, with what is too new of it
        end = _hour_after(wanted.before)
        hidden = _within_hour(wanted, wanted.before, end)
    summands, parameters = _summands(wanted, first, end)
    rows = _rows(
        "SELECT hour, size, upto FROM (SELECT hour, size, SUM(size) OVER (ORDER BY hour DESC) upto "
        f"FROM (SELECT hour, SUM(runs) size FROM ({summands}) told GROUP BY hour) hours) places "
        "WHERE upto > %s ORDER BY hour DESC LIMIT 1",
        [*parameters, at + hidden],
    )
    if not rows:
        return None
    hour = datetime.strptime(rows[0][0], _FORMAT).replace(tzinfo=UTC)
    size, upto = int(rows[0][1]), int(rows[0][2])
    newer = at + hidden - (upto - size)
    if end and hour + _HOUR == end:
        return Place(hour, newer - hidden, size - hidden)
    return Place(hour, newer, size)


# --- what the table tells --------------------------------------------------------------------


def _is_told(wanted: Wanted) -> bool:
    """A resource whose id is empty is not told of: that stands for all of them."""
    return wanted.resource_ids is None or "" not in wanted.resource_ids


def _sum(wanted: Wanted, first: datetime | None, end: datetime | None) -> int:
    """How many there are in whole hours."""
    summands, parameters = _summands(wanted, first, end)
    return int(_rows(f"SELECT SUM(runs) FROM ({summands}) told", parameters)[0][0] or 0)


def _summands(
    wanted: Wanted, first: datetime | None, end: datetime | None
) -> tuple[str, list[Any]]:
    """A query for (hour, runs) to be added up; PostgreSQL has changes besides what is folded."""
    limits: dict[str, Sequence[Any]] = {"workflow_id = %s": [wanted.workflow_id]}
    if first is not None:
        limits["hour >= %s"] = [first.strftime(_FORMAT)]
    if end is not None:
        limits["hour < %s"] = [end.strftime(_FORMAT)]
    ids = wanted.resource_ids
    whose = {} if ids is None else {f"resource_id IN ({_marks(ids)})": ids}
    status = {} if wanted.status is None else {"status = %s": [wanted.status]}
    told = _select("runs", [], limits | (whose or {"resource_id = %s": [""]}) | status, "tally")
    if connection.vendor != "postgresql":
        return told
    change = "runs * ((after IS NOT NULL)::int - (before IS NOT NULL)::int)"
    if status:
        change = "runs * (coalesce((after = %s)::int, 0) - coalesce((before = %s)::int, 0))"
    changes = _select(change, [wanted.status] * 2 if status else [], limits | whose, "tally_change")
    return f"{told[0]} UNION ALL {changes[0]}", told[1] + changes[1]


def _select(
    what: str, asked: list[Any], limits: dict[str, Sequence[Any]], table: str
) -> tuple[str, list[Any]]:
    sql = f"SELECT hour, {what} AS runs FROM runs_{table} WHERE {' AND '.join(limits)}"
    return sql, [*asked, *(value for values in limits.values() for value in values)]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values)) or "NULL"


def _rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


# --- parts of hours --------------------------------------------------------------------------


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hour_after(moment: datetime) -> datetime:
    """The first full hour at or after it."""
    hour = _hour_of(moment)
    return hour if hour == moment else hour + _HOUR


def _within_hour(wanted: Wanted, start: datetime, end: datetime) -> int:
    """How many there are in a part of an hour: counted, or the rest of the hour is."""
    if end - start <= _HOUR / 2:
        return _between(wanted, start, end) if start < end else 0
    hour = _hour_of(start)
    rest = _between(wanted, hour, start) + _between(wanted, end, hour + _HOUR)
    return _sum(wanted, hour, hour + _HOUR) - rest


def _between(wanted: Wanted, start: datetime, end: datetime) -> int:
    part = replace(wanted, since=start, before=end)
    return part.runs().order_by().count() if start < end else 0


# --- keeping it ------------------------------------------------------------------------------

_FOLD = """
    WITH gone AS (DELETE FROM runs_tally_change RETURNING *),
    told AS (
        SELECT workflow_id, resource_id, hour, before AS status, -runs AS runs FROM gone
        WHERE before IS NOT NULL
        UNION ALL
        SELECT workflow_id, resource_id, hour, after, runs FROM gone WHERE after IS NOT NULL
    )
    INSERT INTO runs_tally AS tally
    SELECT workflow_id, whose.id, hour, status, sum(runs)
    FROM told, LATERAL (VALUES (''), (nullif(resource_id, ''))) whose (id)
    WHERE whose.id IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(runs) <> 0
    ON CONFLICT (workflow_id, resource_id, hour, status)
    DO UPDATE SET runs = tally.runs + excluded.runs"""
#: Changes that are added up at each reading in no time.
_FEW = 20_000
#: Rows that say nothing, in one go at most.
_EMPTY = 1000


def fold() -> None:
    """Add up the changes that PostgreSQL's triggers noted; who comes while another does goes."""
    if connection.vendor != "postgresql":
        return
    with transaction.atomic():
        if _rows("SELECT pg_try_advisory_xact_lock(hashtextextended('runs_tally', 0))", [])[0][0]:
            with connection.cursor() as cursor:
                cursor.execute(_FOLD)


def _fold_many() -> None:
    """Workers fold; where none did for long, who reads does not add up everything each time."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        few = f"SELECT 1 FROM runs_tally_change LIMIT {_FEW}"
        if _rows(f"SELECT COUNT(*) FROM ({few}) changes", [])[0][0] == _FEW:
            fold()


def clear() -> None:
    """Delete rows of nothing, such as of runs that were running in some hour; they end or go."""
    names = "workflow_id, resource_id, hour, status"
    empty = _rows(f"SELECT {names} FROM runs_tally WHERE runs = 0 LIMIT {_EMPTY}", [])
    if empty:
        marks = ", ".join(["(%s, %s, %s, %s)"] * len(empty))
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM runs_tally WHERE runs = 0 AND ({names}) IN (VALUES {marks})",
                [value for row in empty for value in row],
            )
