"""Writing what turns changed: entries, events and the run's row, in one transaction.

Fencing: each write carries the number its run had when it was taken up. A transaction first reads,
and locks, the current numbers; a write whose number is old is left out, and its author is told. So
a worker that lost its lease (it hung, its clock jumped) can never overwrite its successor.

The statements go through Django's connection but not through the ORM: this is the hot path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from runs.engine.events import Event
from runs.engine.journal import Entry
from runs.exceptions import LeaseLost
from runs.models import Run
from runs.models.fields import dumps
from runs.store import doorbell, lease, lines, outbox, rows

_TABLE = Run._meta.db_table
_PAYLOAD_COLUMNS = frozenset({"request_context", "execution"})


@dataclass(frozen=True, slots=True)
class Write:
    """What one run has to write. ``run`` holds columns of its own row, as stored.

    ``settles`` says that this ends an execution otherwise than canceled. If cancelling was asked
    for meanwhile, such a write is refused: what was shown as canceled must not end otherwise.
    """

    run_pk: int
    attempt: int
    fence: int
    entries: Sequence[Entry] = ()
    events: Sequence[Event] = ()
    run: dict[str, Any] = field(default_factory=dict)
    settles: bool = False
    #: Rows for the outbox.
    letters: Sequence[tuple[Any, ...]] = ()
    #: The line in which a limited run has a place, which it may give up with this write.
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """Whether a write was accepted, and whether cancelling has been asked for meanwhile."""

    accepted: bool
    canceled: bool


def append(writes: Sequence[Write]) -> list[Written]:
    """Write all that is fenced by a current number, in one transaction.

    Answers in the order of ``writes``. A refused write (``accepted`` false) changed nothing.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        current = _lock(cursor, [write.run_pk for write in writes])
        answers = [_answer(current.get(write.run_pk), write) for write in writes]
        accepted = [w for w, answer in zip(writes, answers, strict=True) if answer.accepted]
        _write_steps(cursor, accepted)
        _write_letters(cursor, accepted)
        for write in accepted:
            _write_run(cursor, write, was_canceled=current[write.run_pk][1] is not None)
        if left := {w.line for w in accepted if w.line and w.run.get("lease_owner") == ""}:
            lines.move_up(left, lease.now_ms())
        transaction.on_commit(lambda: doorbell.ring(_moved(accepted)))
    return answers


def _moved(writes: Sequence[Write]) -> doorbell.Moved:
    return {w.run_pk: w.events[-1].seq + 1 if w.events else 0 for w in writes}


def append_one(write: Write) -> Written:
    """Write for one run; raises LeaseLost if it was taken over (see ``Write.settles``, too)."""
    written = append([write])[0]
    if not (written.accepted or written.canceled):
        raise LeaseLost(run_pk=write.run_pk)
    return written


def _lock(cursor: Any, run_pks: Sequence[int]) -> dict[int, tuple[int, int | None]]:
    """Fence and cancel time of the runs, locked until the transaction ends.

    In SQLite the transaction itself is the lock: it began as a writing one (IMMEDIATE).
    """
    marks = ", ".join(["%s"] * len(run_pks))
    lock = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    cursor.execute(
        f'SELECT id, fence, canceled_at FROM "{_TABLE}" WHERE id IN ({marks})'
        + (f" ORDER BY id{lock}" if lock else ""),
        list(run_pks),
    )
    return {pk: (fence, canceled_at) for pk, fence, canceled_at in cursor.fetchall()}


def _answer(current: tuple[int, int | None] | None, write: Write) -> Written:
    if current is None or current[0] != write.fence:
        return Written(accepted=False, canceled=False)
    canceled = current[1] is not None
    return Written(accepted=not (canceled and write.settles), canceled=canceled)


def _write_steps(cursor: Any, writes: Sequence[Write]) -> None:
    snapshots = [
        rows.of_entry(write.run_pk, write.attempt, entry)
        for write in writes
        for entry in write.entries
    ]
    if snapshots:
        cursor.executemany(rows.UPSERT_SNAPSHOT, snapshots)
    events = [rows.of_event(write.run_pk, event) for write in writes for event in write.events]
    if events:
        cursor.executemany(rows.INSERT_EVENT, events)


def _write_letters(cursor: Any, writes: Sequence[Write]) -> None:
    letters = [letter for write in writes for letter in write.letters]
    if letters:
        cursor.executemany(outbox.INSERT, letters)


def _write_run(cursor: Any, write: Write, *, was_canceled: bool) -> None:
    run = dict(write.run)
    if was_canceled and run.get("status") in ("running", "waiting") and "fence" not in run:
        del run["status"]  # it shows as canceled, and that stays
    if not run:
        return
    columns = ", ".join(f'"{name}" = %s' for name in run)
    values = [
        connection.ops.adapt_datetimefield_value(value)
        if hasattr(value, "tzinfo")
        else dumps(value)
        if name in _PAYLOAD_COLUMNS
        else value
        for name, value in run.items()
    ]
    cursor.execute(
        f'UPDATE "{_TABLE}" SET {columns} WHERE id = %s',
        [*values, write.run_pk],
    )


def numbered(run_pk: int, events: Sequence[Event]) -> Sequence[Event]:
    """Give events the run's next numbers; its row must be locked or leased."""
    for seq, event in enumerate(events, next_seq(run_pk)):
        event.seq = seq
    return events


def next_seq(run_pk: int) -> int:
    """The number of the run's next event."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT MAX(seq) FROM "runs_runevent" WHERE run_id = %s', [run_pk])
        last = cursor.fetchone()[0]
    return 0 if last is None else last + 1
