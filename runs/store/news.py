"""The events of many runs, read together.

Whoever follows a thousand runs must not ask a thousand times: what is wanted of all of them goes
into one statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.engine import events
from runs.engine import path as paths
from runs.engine.events import Event
from runs.engine.journal import Entry
from runs.models import RunEvent
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


@dataclass(frozen=True, slots=True)
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
