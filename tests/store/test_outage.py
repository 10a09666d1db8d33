"""What is an outage, and what a mistake of whoever asked."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError

from runs.store.outage import is_outage


def of_sqlite(code: int) -> Any:
    driver = sqlite3.OperationalError("said")
    driver.sqlite_errorcode = code  # type: ignore[misc]
    return caused(OperationalError("said"), driver)


def of_postgres(driver: psycopg.Error, error: DatabaseError | None = None) -> Any:
    return caused(error or OperationalError("said"), driver)


def caused(error: Any, cause: BaseException) -> Any:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite(sqlite3.SQLITE_FULL),
        of_sqlite(sqlite3.SQLITE_IOERR_FSYNC),
        of_sqlite(sqlite3.SQLITE_BUSY),
        of_postgres(psycopg.OperationalError("server closed the connection unexpectedly")),
        of_postgres(psycopg.errors.AdminShutdown()),
        of_postgres(psycopg.errors.DiskFull()),
        of_postgres(psycopg.errors.TooManyConnections()),
        caused(InterfaceError("said"), psycopg.InterfaceError("the connection is closed")),
        caused(ValueError("of the body"), of_sqlite(sqlite3.SQLITE_FULL)),
    ],
    ids=repr,
)
def test_the_database_is_away(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite(sqlite3.SQLITE_ERROR),  # no such table
        of_postgres(psycopg.errors.QueryCanceled()),
        of_postgres(psycopg.errors.DeadlockDetected()),
        of_postgres(psycopg.errors.UniqueViolation(), IntegrityError("said")),
        OperationalError("raised by a body itself"),
        ValueError("said"),
    ],
    ids=repr,
)
def test_a_refusal_is_no_outage(error: Exception) -> None:
    assert not is_outage(error)
