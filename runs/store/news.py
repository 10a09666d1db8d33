"""The events of many runs, read together.

Whoever follows a thousand runs must not ask a thousand times: what is wanted of all of them goes
into one statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Max, Model

from runs.engine import events
from runs.engine import path as paths
from runs.engine.events import Event
from runs.engine.journal import Entry, Status
from runs.models import Run, RunEvent
from runs.store import entries as stored
from runs.store import rows
from runs.store.entries import Key


@dataclass(frozen=True, slots=True)
class Window:
    """The events ``offset`` to ``offset + limit - 1`` of a run, as far as there are any."""

    run_pk: int
    run_id: str
    offset: int
    limit: int


@dataclass(frozen=True, eq=False)
class Told:
    """An event as it is told: ``event`` is its wire shape. ``at`` is in milliseconds."""

    seq: int
    type: str
    attempt: int
    at: int
    path: str
    event: dict[str, Any]


def read(windows: Sequence[Window]) -> list[list[Told]]:
    """What the windows show, in their order; the number of queries does not grow with theirs."""
    found = _events(windows)
    wanted: dict[Key, set[str]] = defaultdict(set)
    for window, shown in zip(windows, found, strict=True):
        for event in shown:
            if (path := events.entry_shown(event)) is not None:
                wanted[window.run_pk, event.attempt].add(path)
    entries = stored.load(wanted)
    return [
        [_told(event, window, entries.get((window.run_pk, event.attempt), {})) for event in shown]
        for window, shown in zip(windows, found, strict=True)
    ]


def _told(event: Event, window: Window, entries: Mapping[str, Entry]) -> Told:
    shown = events.wire(event, window.run_id, entries.get(event.path), entries.get(paths.ROOT))
    return Told(event.seq, event.type, event.attempt, event.at, event.path, shown)


_EVENT_COLUMNS = ", ".join(f'e."{column}"' for column in rows.EVENT_COLUMNS)
_EVENTS = f"""
    SELECT want.at, {_EVENT_COLUMNS} FROM want CROSS JOIN "{RunEvent._meta.db_table}" e
    WHERE e.run_id = want.run_id AND e.seq >= want.low AND e.seq < want.high
    ORDER BY want.at, e.seq
"""


def _events(windows: Sequence[Window]) -> list[list[Event]]:
    wants = [(at, w.run_pk, w.offset, w.offset + w.limit) for at, w in enumerate(windows)]
    found: list[list[Event]] = [[] for _ in windows]
    for at, *row in rows.ask("at, run_id, low, high", wants, _EVENTS):
        found[at].append(rows.to_event(tuple(row)))
    return found


# --- which runs moved at all ------------------------------------------------------------------

#: Rows that may become visible after younger ones: databases hand numbers out before the commit.
MARGIN = 500
#: Events that are looked through for the runs that moved; of more, everything is to be read again.
FARTHEST = 20_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A moment in what all runs together told: the last event, and the last run, known then."""

    event: int = 0
    run: int = 0

    def __str__(self) -> str:
        return f"{self.event}.{self.run}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """The cursor that was printed so; ValueError if none was."""
        event, run = (int(part) for part in text.split("."))
        if min(event, run) < 0:
            raise ValueError(text)
        return cls(event, run)


def cursor() -> Cursor:
    """The cursor of this moment."""
    return Cursor(_last(RunEvent), _last(Run))


def _last(model: type[Model]) -> int:
    return model._default_manager.aggregate(last=Max("pk"))["last"] or 0


def moved_since(since: Cursor, now: Cursor, limit: int) -> dict[int, int] | None:
    """The runs that moved or were made since, each with its last event, in that order.

    None when there are too many to tell. Some that moved just before may be among them.
    """
    if now.event - since.event > FARTHEST:
        return None
    margin = MARGIN if connection.vendor == "postgresql" else 0
    made = Run.objects.filter(pk__gt=since.run - margin, status=Status.PENDING).order_by("pk")
    told = RunEvent.objects.filter(pk__gt=since.event - margin).order_by().values("run_id")
    moved = told.annotate(last=Max("pk")).order_by("last").values_list("run_id", "last")
    found = dict.fromkeys(made.values_list("pk", flat=True)[: limit + 1], 0)
    found |= dict(moved[: limit + 1])
    return found if len(found) <= limit else None
