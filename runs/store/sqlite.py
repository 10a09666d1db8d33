"""Appending in SQLite: few statements, straight to its driver.

They go to the driver's own connection, under Django's: its wrapper rewrites every statement at each
call, which costs more than most of these statements themselves. In a transaction of the caller's,
an error leaves no way but to roll that back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache

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
    with database.wrap_database_errors:
        if not database.in_atomic_block:
            return _in_transaction(raw, writes)
        with transaction.mark_for_rollback_on_error(database.alias):
            return [_write(raw, write) for write in writes]


def _in_transaction(raw: sqlite3.Connection, writes: Sequence[Write]) -> list[Written]:
    raw.execute("BEGIN IMMEDIATE")
    try:
        answers = [_write(raw, write) for write in writes]
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:  # a full disk, for one, has ended it already
            raw.execute("ROLLBACK")
        raise
    checkpoints.after_commit(raw)
    return answers


def _write(raw: sqlite3.Connection, write: Write) -> Written:
    found = raw.execute(_FIND, (write.run_pk,)).fetchone()
    current = None if found is None else Current(found[0], found[1] is not None)
    written = judge(write, current)
    if written.accepted:
        _store(raw, write, canceled=written.canceled)
    return written


def _store(raw: sqlite3.Connection, write: Write, *, canceled: bool) -> None:
    for entry in write.entries:
        raw.execute(_UPSERT_SNAPSHOT, rows.of_entry(write.run_pk, write.attempt, entry))
    for event in write.events:
        raw.execute(_INSERT_EVENT, rows.of_event(write.run_pk, event))
    columns = run_columns(write, canceled=canceled)
    if columns:
        raw.execute(_update(tuple(columns)), [*columns.values(), write.run_pk])


@lru_cache
def _update(names: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}" = ?' for name in names)
    return f'UPDATE "{_RUN}" SET {columns} WHERE id = ?'
