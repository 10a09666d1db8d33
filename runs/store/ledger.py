"""Writing what turns changed: entries, events and the run's row, in one transaction.

Fencing: each write carries the number its run had when it was taken up. Whatever is written is
written while the run's row is locked and has that number; a write whose number is old changes
nothing, and its author is told. So a worker that lost its lease (it hung, its clock jumped) can
never overwrite its successor.

This is the hot path: each database is written to in the way that costs it least (``sqlite``,
``postgres``), through Django's connection but not through the ORM.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from runs.engine.events import Event
from runs.exceptions import LeaseLost
from runs.store import direct, doorbell, lease, lines, outbox, postgres, sqlite
from runs.store.writes import Write, Written

__all__ = ["Write", "Written", "append", "append_one", "next_seq", "numbered"]


def append(writes: Sequence[Write]) -> list[Written]:
    """Write all that is fenced by a current number, in one transaction.

    Answers in the order of ``writes``. A refused write (``accepted`` false) changed nothing.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if any(write.letters or write.leaves_line for write in writes):
        with transaction.atomic():
            answers = _append(database, writes)
            _follow_up(_accepted(writes, answers))
    else:
        answers = _append(database, writes)
    _ring(database, _accepted(writes, answers))
    return answers


def _ring(database: BaseDatabaseWrapper, writes: Sequence[Write]) -> None:
    """Ring when these are committed; sooner if one gives its run up, as all do that end it."""
    moved = {w.run_pk: w.events[-1].seq + 1 if w.events else 0 for w in writes}
    urgent = any("lease_owner" in write.run and "fence" not in write.run for write in writes)
    if database.in_atomic_block:
        database.on_commit(lambda: doorbell.ring(moved, urgent=urgent))
    else:
        doorbell.ring(moved, urgent=urgent)


def _append(database: BaseDatabaseWrapper, writes: Sequence[Write]) -> list[Written]:
    append_there = sqlite.append if database.vendor == "sqlite" else postgres.append
    return append_there(database, writes)


def _accepted(writes: Sequence[Write], answers: Sequence[Written]) -> Sequence[Write]:
    if all(answer.accepted for answer in answers):
        return writes
    return [write for write, answer in zip(writes, answers, strict=True) if answer.accepted]


def _follow_up(writes: Iterable[Write]) -> None:
    """What few writes bring with them: messages for the outbox, a place for the next in line."""
    letters = [letter for write in writes for letter in write.letters]
    if letters:
        with connection.cursor() as cursor:
            cursor.executemany(outbox.INSERT, letters)
    if left := {write.line for write in writes if write.line and write.leaves_line}:
        lines.move_up(left, lease.now_ms())


def append_one(write: Write) -> Written:
    """Write for one run; raises LeaseLost if it was taken over (see ``Write.settles``, too)."""
    written = append([write])[0]
    if not (written.accepted or written.canceled):
        raise LeaseLost(run_pk=write.run_pk)
    return written


def numbered(run_pk: int, events: Sequence[Event]) -> Sequence[Event]:
    """Give events the run's next numbers; its row must be locked or leased."""
    for seq, event in enumerate(events, next_seq(run_pk)):
        event.seq = seq
    return events


def next_seq(run_pk: int) -> int:
    """The number of the run's next event."""
    last = direct.execute('SELECT MAX(seq) FROM "runs_runevent" WHERE run_id = %s', [run_pk])[0][0]
    return 0 if last is None else last + 1
