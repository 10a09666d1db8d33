"""Appending in SQLite: few statements, straight to its driver.

They go to the driver's own connection, under Django's: its wrapper rewrites every statement at each
call, which costs more than most of these statements themselves. In a transaction of the caller's,
an error leaves no way but to roll that back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from runs.models import Run
from runs.store import checkpoints, rows
from runs.store.writes import Current, Write, Written, judge, run_columns

_RUN = Run._meta.db_table
_UPSERT_SNAPSHOT = rows.UPSERT_SNAPSHOT.replace("%s", "?")
_INSERT_EVENT = rows.INSERT_EVENT.replace("%s", "?")
_FIND = f'SELECT fence, canceled_at FROM "{_RUN}" WHERE id = ?'


def append(database: BaseDatabaseWrapper, writes: Sequence[Write]) -> list[Written]:
    """See ``ledger.append``. The transaction began as a writing one: that is the lock."""
    database.ensure_connection()
    raw: sqlite3.Connection = database.connection
    batch = [_Rows.of(write) for write in writes]  # others may write until that is done
    with database.wrap_database_errors:
        if not database.in_atomic_block:
            return _in_transaction(raw, batch)
        with transaction.mark_for_rollback_on_error(database.alias):
            return [_write(raw, one) for one in batch]


@dataclass(frozen=True, slots=True)
class _Rows:
    """A write, and the rows that it has for two tables."""

    write: Write
    entries: list[tuple[Any, ...]]
    events: list[tuple[Any, ...]]

    @staticmethod
    def of(write: Write) -> _Rows:
        entries = [rows.of_entry(write.run_pk, write.attempt, entry) for entry in write.entries]
        return _Rows(write, entries, [rows.of_event(write.run_pk, event) for event in write.events])


def _in_transaction(raw: sqlite3.Connection, batch: Sequence[_Rows]) -> list[Written]:
    raw.execute("BEGIN IMMEDIATE")
    try:
        answers = [_write(raw, one) for one in batch]
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:  # a full disk, for one, has ended it already
            raw.execute("ROLLBACK")
        raise
    checkpoints.after_commit(raw)
    return answers


def _write(raw: sqlite3.Connection, one: _Rows) -> Written:
    found = raw.execute(_FIND, (one.write.run_pk,)).fetchone()
    current = None if found is None else Current(found[0], found[1] is not None)
    written = judge(one.write, current)
    if written.accepted:
        _store(raw, one, canceled=written.canceled)
    return written


def _store(raw: sqlite3.Connection, one: _Rows, *, canceled: bool) -> None:
    for row in one.entries:
        raw.execute(_UPSERT_SNAPSHOT, row)
    for row in one.events:
        raw.execute(_INSERT_EVENT, row)
    columns = run_columns(one.write, canceled=canceled)
    if columns:
        raw.execute(_update(tuple(columns)), [*columns.values(), one.write.run_pk])


@lru_cache
def _update(names: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}" = ?' for name in names)
    return f'UPDATE "{_RUN}" SET {columns} WHERE id = ?'
