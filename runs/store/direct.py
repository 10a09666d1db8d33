"""Statements of the hot path, straight to the driver of Django's connection.

Django's own cursors rewrite each statement at each call (SQLite) or bind its parameters into its
text, so that the server plans it anew (PostgreSQL). Statements have ``%s`` for parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection


def execute(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Execute on the current connection, in its transaction if there is one; return the rows."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        if connection.vendor == "sqlite":
            found = connection.connection.execute(of_sqlite(statement), parameters)
            rows: list[tuple[Any, ...]] = found.fetchall()
            return rows
        cursor = psycopg.Cursor(connection.connection)
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


@lru_cache
def of_sqlite(statement: str) -> str:
    return statement.replace("%s", "?")
