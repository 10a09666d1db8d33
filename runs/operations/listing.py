"""Lists of runs: filters, pages that follow each other by key, and counts that end at a limit.

A list is ordered by (``created_at``, ``id``), newest first, and a page begins behind the key of
the last run of the page before. So runs that begin meanwhile shift nothing, and the thousandth page
costs what the first does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from runs.engine.journal import FINAL
from runs.exceptions import RequestError
from runs.models import Run
from runs.models.run import STATUSES

#: Runs of a page of people's lists.
PAGE = 50
#: More than so many are not counted one by one.
COUNT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs; what is empty does not limit. ``text`` begins a run id or resource id."""

    statuses: tuple[str, ...] = ()
    workflow_ids: tuple[str, ...] = ()
    resource_id: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    started_by: int | None = None

    def among(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """Those of the runs that fit."""
        wanted = {
            "status__in": self.statuses,
            "workflow_id__in": self.workflow_ids,
            "resource_id": self.resource_id,
            "created_at__gte": self.since,
            "created_at__lt": self.until,
            "started_by_id": self.started_by,
        }
        runs = runs.filter(**{name: value for name, value in wanted.items() if value})
        return runs.filter(_begins(self.text)) if self.text else runs


def _begins(text: str) -> Q:
    return Q(run_id__startswith=text) | Q(resource_id__startswith=text)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, newest first. The cursors are None where there is nothing beyond."""

    runs: Sequence[Run]
    newer: str | None = None
    older: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def page_of(runs: QuerySet[Run], *, cursor: str = "", size: int = PAGE) -> Page:
    """The page that a cursor leads to; the first one without."""
    direction, key = _read(cursor)
    ordered = runs.order_by("-created_at", "-pk")
    if direction == "newer":
        assert key is not None
        found = list(_beyond(runs, key, newer=True).order_by("created_at", "pk")[: size + 1])
        more, shown = len(found) > size, found[:size][::-1]
        return _page(shown, newer=more, older=True)
    found = list((ordered if key is None else _beyond(ordered, key, newer=False))[: size + 1])
    return _page(found[:size], newer=key is not None, older=len(found) > size)


def _page(shown: list[Run], *, newer: bool, older: bool) -> Page:
    if not shown:
        return Page(shown)
    return Page(
        shown,
        newer=_cursor("newer", shown[0]) if newer else None,
        older=_cursor("older", shown[-1]) if older else None,
    )


def _beyond(runs: QuerySet[Run], key: tuple[datetime, int], *, newer: bool) -> QuerySet[Run]:
    """Runs on one side of a key. The first condition alone lets an index lead there."""
    moment, pk = key
    if newer:
        return runs.filter(created_at__gte=moment).exclude(created_at=moment, pk__lte=pk)
    return runs.filter(created_at__lte=moment).exclude(created_at=moment, pk__gte=pk)


def _cursor(direction: str, run: Run) -> str:
    return f"{direction}.{run.created_at.astimezone(UTC):%Y%m%dT%H%M%S.%f}.{run.pk}"


def _read(cursor: str) -> tuple[str, tuple[datetime, int] | None]:
    if not cursor:
        return "older", None
    direction, _, rest = cursor.partition(".")
    moment, _, pk = rest.rpartition(".")
    try:
        if direction not in ("newer", "older"):
            raise ValueError(direction)
        at = datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
        return direction, (at, int(pk))
    except ValueError:
        raise RequestError("This is no place in a list of runs", cursor=cursor) from None


def counts_by_status(runs: QuerySet[Run]) -> dict[str, int]:
    """How many runs have each status, one query; more than ``COUNT_LIMIT`` count as one more."""
    parts = [
        runs.filter(status=status.value).order_by().values("status")[: COUNT_LIMIT + 1]
        for status in STATUSES
    ]
    return _tally(parts)


def _tally(parts: Sequence[QuerySet[Run, Any]]) -> dict[str, int]:
    selects: list[str] = []
    params: list[Any] = []
    for part in parts:
        try:
            sql, given = part.query.sql_with_params()
        except EmptyResultSet:  # nothing can fit, such as for a caller that sees no resource
            selects.append("0")
        else:
            selects.append(f"(SELECT COUNT(*) FROM ({sql}) counted)")
            params.extend(given)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(selects)}", params)
        row = cursor.fetchone()
    return {status.value: number for status, number in zip(STATUSES, row, strict=True)}


def can_be_canceled(runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.exclude(status__in=FINAL)
