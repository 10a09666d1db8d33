"""Reading events, put together with what their entries show."""

from __future__ import annotations

from typing import Any

from django.db import connection

from runs.engine import events
from runs.engine import path as paths
from runs.engine.events import Event
from runs.store import journals, rows

#: Events read at once: a long history is read in pieces, so that memory stays bounded.
BATCH = 500


def read(run_pk: int, run_id: str, offset: int) -> list[tuple[Event, dict[str, Any]]]:
    """Up to BATCH events from number ``offset`` on, each with its wire shape."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{rows.SELECT_EVENTS} WHERE run_id = %s AND seq >= %s ORDER BY seq LIMIT {BATCH}",
            [run_pk, offset],
        )
        found = [rows.to_event(row) for row in cursor.fetchall()]
    wanted: dict[int, set[str]] = {}
    for event in found:
        if event.type in events.ABOUT_STEP or event.type == events.STEP_PROGRESS:
            wanted.setdefault(event.attempt, set()).add(event.path)
        elif event.type == events.FINISH:
            wanted.setdefault(event.attempt, set()).add(paths.ROOT)
    entries = {
        attempt: journals.load_entries(run_pk, attempt, names) for attempt, names in wanted.items()
    }
    return [(event, _wire(event, run_id, entries.get(event.attempt, {}))) for event in found]


def _wire(event: Event, run_id: str, entries: dict[str, Any]) -> dict[str, Any]:
    return events.wire(event, run_id, entries.get(event.path), entries.get(paths.ROOT))
