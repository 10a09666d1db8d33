"""Statements of the hot path, straight to the driver of Django's connection.

Django's own cursors rewrite each statement at each call (SQLite) or bind its parameters into its
text, so that the server plans it anew (PostgreSQL). Statements have ``%s`` for parameters. Whoever
has Django log its queries, a test that counts them or a toolbar, sees these too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from runs.conf import conf


def execute(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Execute on the current connection, in its transaction if there is one; return the rows."""
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    if database.queries_logged:
        began = time.monotonic()
        rows = _execute(database, statement, parameters)
        took = f"{time.monotonic() - began:.3f}"
        database.queries_log.append({"sql": statement, "time": took})
        return rows
    return _execute(database, statement, parameters)


def _execute(
    database: BaseDatabaseWrapper, statement: str, parameters: Sequence[Any]
) -> list[tuple[Any, ...]]:
    with database.wrap_database_errors:
        if database.vendor == "sqlite":
            found = database.connection.execute(of_sqlite(statement), parameters)
            rows: list[tuple[Any, ...]] = found.fetchall()
            return rows
        cursor = prepared(database.connection, statement, parameters)
        return cursor.fetchall() if cursor.description else []


def prepared(
    raw: psycopg.Connection[Any], statement: str, parameters: Sequence[Any]
) -> psycopg.Cursor[tuple[Any, ...]]:
    """Execute on PostgreSQL; a statement that this connection has seen before is not planned anew.

    Django's own statements have their parameters in their text and are never prepared.
    """
    if raw.prepare_threshold is None and conf.PREPARED_STATEMENTS:
        raw.prepare_threshold = 1
    cursor = psycopg.Cursor(raw)
    cursor.execute(statement, parameters)
    return cursor


@lru_cache
def of_sqlite(statement: str) -> str:
    return statement.replace("%s", "?")
