"""Telling a database that is away for a while from one that refuses what it was asked.

PEP 249 puts both under ``OperationalError``: a server that was restarted, a full disk, but a
missing table of SQLite and a statement that was canceled too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError

#: Classes of PostgreSQL's SQLSTATE: connection, resources, operator intervention, system.
_AWAY = ("08", "53", "57P", "58")
_AWAY_OF_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
    }
)


def is_outage(error: BaseException) -> bool:
    """Whether an error, or what led to it, says that the database did not work for the moment."""
    return any(
        isinstance(one, OperationalError | InterfaceError) and _says_so(one.__cause__)
        for one in _led_to(error)
    )


def _led_to(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and what was being handled when it was."""
    seen: set[int] = set()
    ahead: list[BaseException | None] = [error]
    while ahead:
        one = ahead.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            ahead += (one.__context__, one.__cause__)


def _says_so(driver: BaseException | None) -> bool:
    if isinstance(driver, sqlite3.Error):
        # The low byte is the code itself, the others say more about it.
        return getattr(driver, "sqlite_errorcode", 0) & 0xFF in _AWAY_OF_SQLITE
    if driver is None or not hasattr(driver, "sqlstate"):
        return False
    # Without a state the server said nothing: there is no connection to it.
    return driver.sqlstate is None or driver.sqlstate.startswith(_AWAY)
