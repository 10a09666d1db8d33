"""Events for listeners in this process, as soon as they are stored."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from runs.engine import events
from runs.engine import path as paths
from runs.engine.events import Event
from runs.engine.journal import Journal

#: Called with an event's number and its wire shape.
Listener = Callable[[int, dict[str, Any]], None]

logger = logging.getLogger("runs.worker")
_lock = threading.Lock()
_listeners: dict[int, list[Listener]] = {}


def subscribe(run_pk: int, listener: Listener) -> Callable[[], None]:
    """Call ``listener`` with each event of the run from now on; returns a function that ends it."""
    with _lock:
        _listeners.setdefault(run_pk, []).append(listener)

    def unsubscribe() -> None:
        with _lock:
            remaining = _listeners.get(run_pk, [])
            if listener in remaining:
                remaining.remove(listener)
            if not remaining:
                _listeners.pop(run_pk, None)

    return unsubscribe


def publish(run_pk: int, run_id: str, journal: Journal, news: Sequence[Event]) -> None:
    """Hand stored events to this process's listeners."""
    listeners = tuple(_listeners.get(run_pk, ()))
    if not listeners:
        return
    root = journal.get(paths.ROOT)
    for event in news:
        shown = events.wire(event, run_id, journal.get(event.path), root)
        for listener in listeners:
            try:
                listener(event.seq, shown)
            except Exception:
                logger.exception("A watcher of run %s raised", run_id)
