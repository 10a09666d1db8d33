"""Where the entries and events of a run are kept while no interpreter has them: a store in memory.

It keeps what a database would, as text: a value with a reference is left out and found again, one
of a kept entry is found in the attempt it was recorded in. A change that nobody noted is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from typing import Any

import orjson

from runs.engine import refs
from runs.engine.events import Event
from runs.engine.journal import Entry, Execution, Journal, Kind, Status

_FIELDS = tuple(field.name for field in fields(Entry))


class Shelf:
    """The stored form of one run."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, bytes]] = {}
        self.events: list[Event] = []
        self._run: dict[str, Any] = {}

    def write(self, journal: Journal) -> tuple[list[Entry], list[Event]]:
        """Store what has changed, as one transaction; returns what that was."""
        entries, news = journal.take_changes()
        rows = self.rows.setdefault(journal.attempt, {})
        for entry in entries:
            rows[entry.path] = _row(entry)
        for event in news:
            self.events.append(replace(event, own=_copy(event.own), seq=len(self.events)))
        self._run = {
            "workflow_id": journal.workflow_id,
            "run_id": journal.run_id,
            "resource_id": journal.resource_id,
            "attempt": journal.attempt,
            "status": journal.status.value,
            "canceled": journal.canceled,
            "request_context": _copy(journal.request_context),
            "execution": asdict(journal.execution),
        }
        return entries, news

    def cancel(self) -> None:
        """Somebody cancels the run: that is stored whatever becomes of its driver."""
        self._run["canceled"] = True

    def load(self) -> Journal:
        """The journal of the latest attempt, as a new process finds it."""
        run = dict(self._run)
        run["status"] = Status(run["status"])
        run["execution"] = Execution(**run["execution"])
        run["request_context"] = _copy(run["request_context"])
        return Journal.of(self.entries(run["attempt"]).values(), **run)

    def entries(self, attempt: int) -> dict[str, Entry]:
        """The entries of an attempt by path, all values filled in."""
        found = {path: _entry(row) for path, row in self.rows[attempt].items()}
        for entry in found.values():
            if entry.kept_from is not None:
                origin = self.entries(entry.kept_from)[entry.path]
                entry.input, entry.output = origin.input, origin.output
        refs.hydrate(found)
        return found

    def stored_values(self, attempt: int = 1) -> dict[str, tuple[Any, Any]]:
        """Input and output as each row holds them: None where a reference does."""
        rows = {path: orjson.loads(row) for path, row in self.rows[attempt].items()}
        return {path: (row["input"], row["output"]) for path, row in rows.items()}


def _row(entry: Entry) -> bytes:
    values = {name: getattr(entry, name) for name in _FIELDS}
    if entry.input_ref or entry.kept_from:
        values["input"] = None
    if entry.output_ref or entry.kept_from:
        values["output"] = None
    return orjson.dumps(values)


def _entry(row: bytes) -> Entry:
    values = orjson.loads(row)
    values["kind"], values["status"] = Kind(values["kind"]), Status(values["status"])
    for name in ("position", "labels"):
        values[name] = tuple(values[name])
    return Entry(**values)


def _copy(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


def shown(entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    """Entries as plain values, for comparing journals."""
    # orjson knows dataclasses, and is many times as fast as copying them in Python.
    return {entry.path: _copy(entry) for entry in entries}
