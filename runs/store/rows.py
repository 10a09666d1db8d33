"""Journal entries as rows, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from runs.engine.events import Event
from runs.engine.journal import Entry, Kind, Status
from runs.models import RunEvent, StepSnapshot
from runs.models.fields import dumps, loads
from runs.store import direct

#: Columns of a snapshot row, in the order of :func:`of_entry`.
SNAPSHOT_COLUMNS = StepSnapshot.COLUMNS
EVENT_COLUMNS = ("run_id", "seq", "attempt", "type", "path", "at", "own")
#: Columns an entry's later writes may change: all but what it is.
UPDATED = tuple(
    column
    for column in SNAPSHOT_COLUMNS
    if column not in ("run_id", "attempt", "path", "step_id", "kind", "position", "kept_from")
)

_EXTRA = ("tripwire", "suspend_output", "metadata")
_TUPLES = ("labels", "assignees", "tried", "patched", "path_before")
_FLAGS = ("non_retryable", "resuming", "taken", "was_canceled")
_READ_EXTRAS = attrgetter(*_EXTRA, *_TUPLES, *_FLAGS)


def of_entry(run_pk: int, attempt: int, entry: Entry) -> tuple[Any, ...]:
    """The row of an entry. A value that has a reference is not written again."""
    return (
        run_pk,
        attempt,
        entry.path,
        entry.step_id,
        entry.kind.value,
        entry.status.value,
        ".".join(map(str, entry.position)),
        entry.iteration,
        entry.begun,
        entry.ended,
        entry.starts,
        entry.tries,
        entry.started_at,
        entry.ended_at,
        entry.suspended_at,
        entry.resumed_at,
        entry.wake_at,
        None if entry.input_ref or entry.kept_from else dumps(entry.input),
        entry.input_ref,
        None if entry.output_ref or entry.kept_from else dumps(entry.output),
        entry.output_ref,
        dumps(entry.error),
        dumps(entry.suspend_payload),
        dumps(entry.resume_payload),
        dumps(entry.state),
        dumps(_extra(entry)),
        entry.kept_from,
    )


def _extra(entry: Entry) -> dict[str, Any] | None:
    if not any(_READ_EXTRAS(entry)):  # of nearly all entries
        return None
    extra = {name: value for name in _EXTRA if (value := getattr(entry, name)) is not None}
    extra |= {name: value for name in _TUPLES if (value := getattr(entry, name))}
    extra |= {flag: True for flag in _FLAGS if getattr(entry, flag)}
    return extra or None


def to_entry(row: tuple[Any, ...]) -> Entry:
    """An entry as stored; referenced values are not filled in yet."""
    values = dict(zip(SNAPSHOT_COLUMNS, row, strict=True))
    extra = loads(values["extra"]) or {}
    position = values["position"]
    return Entry(
        path=values["path"],
        step_id=values["step_id"],
        kind=Kind(values["kind"]),
        status=Status(values["status"]),
        position=tuple(map(int, position.split("."))) if position else (),
        iteration=values["iteration"],
        **_optional(values, extra),
    )


_PAYLOADS = ("input", "output", "error", "suspend_payload", "resume_payload", "state")
_PLAIN = (
    "begun",
    "ended",
    "starts",
    "tries",
    "started_at",
    "ended_at",
    "suspended_at",
    "resumed_at",
    "wake_at",
    "input_ref",
    "output_ref",
    "kept_from",
)


def _optional(values: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """The members of an entry whose columns, or members of ``extra``, are called the same."""
    return (
        {name: values[name] for name in _PLAIN}
        | {name: loads(values[name]) for name in _PAYLOADS}
        | {name: extra.get(name) for name in _EXTRA}
        | {name: tuple(extra.get(name, ())) for name in _TUPLES}
        | {flag: extra.get(flag, False) for flag in _FLAGS}
    )


def of_event(run_pk: int, event: Event) -> tuple[Any, ...]:
    own = dumps(event.own) if event.own else None
    return (run_pk, event.seq, event.attempt, event.type, event.path, event.at, own)


def to_event(row: tuple[Any, ...]) -> Event:
    _, seq, attempt, type_, path, at, own = row
    return Event(type_, path, attempt, at, loads(own) or {}, seq)


def insert_sql(table: str, columns: Iterable[str]) -> str:
    names = list(columns)
    marks = ", ".join(["%s"] * len(names))
    quoted = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})'


#: An entry's first write inserts its row, later ones change it: one statement for both.
ON_CONFLICT = 'ON CONFLICT ("run_id", "attempt", "path") DO UPDATE SET ' + ", ".join(
    f'"{column}" = excluded."{column}"' for column in UPDATED
)
UPSERT_SNAPSHOT = f"{insert_sql(StepSnapshot._meta.db_table, SNAPSHOT_COLUMNS)} {ON_CONFLICT}"
INSERT_EVENT = insert_sql(RunEvent._meta.db_table, EVENT_COLUMNS)
SELECT_SNAPSHOTS = "SELECT {} FROM {}".format(
    ", ".join(f'"{column}"' for column in SNAPSHOT_COLUMNS), StepSnapshot._meta.db_table
)
SELECT_EVENTS = "SELECT {} FROM {}".format(
    ", ".join(f'"{column}"' for column in EVENT_COLUMNS), RunEvent._meta.db_table
)


#: Wants in one statement at most.
CHUNK = 200


def ask(names: str, wants: Sequence[tuple[Any, ...]], sql: str) -> Iterator[tuple[Any, ...]]:
    """The rows for many wants: ``sql`` joins them as the table ``want`` with these columns.

    So each want is one look into an index, on both databases, and a chunk of them one statement.
    """
    for at in range(0, len(wants), CHUNK):
        chunk = wants[at : at + CHUNK]
        marks = ", ".join(["({})".format(", ".join(["%s"] * len(chunk[0])))] * len(chunk))
        values = [value for want in chunk for value in want]
        yield from direct.execute(f"WITH want ({names}) AS (VALUES {marks}) {sql}", values)
