"""Django's SQLite, for a file that several processes write to: it waits for its turn in short naps.

SQLite has one writer at a time. Whoever finds another one writing sleeps, by SQLite's own handler,
up to 100 ms between two looks, though a transaction of ours is over in less than one.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from django.db.backends.sqlite3 import base

#: Seconds between two looks: about the first at the beginning, longer from look to look, at most
#: the second.
SOON, LATE = 0.0003, 0.005

T = TypeVar("T")


class DatabaseWrapper(base.DatabaseWrapper):
    """Waits as long as Django's option ``timeout`` says (5 s), but looks more often.

    Only where ``transaction_mode`` makes writers queue up when they begin: in a transaction that
    has read already, waiting for another writer may have no end, and SQLite knows when.
    """

    def get_connection_params(self) -> dict[str, Any]:
        parameters = super().get_connection_params()
        mode = self.settings_dict["OPTIONS"].get("transaction_mode") or "DEFERRED"
        queues = mode.upper() != "DEFERRED"
        return parameters | {"factory": PatientConnection} if queues else parameters

    def create_cursor(self, name: str | None = None) -> sqlite3.Cursor:
        if isinstance(self.connection, PatientConnection):
            return self.connection.cursor(factory=PatientCursor)
        return super().create_cursor(name)


class PatientConnection(sqlite3.Connection):
    """Takes what ``sqlite3.connect`` takes; ``timeout`` are the seconds it waits at most."""

    def __init__(self, database: str, timeout: float = 5.0, **options: Any) -> None:
        super().__init__(database, timeout=0, **options)
        self._patience = timeout

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except sqlite3.OperationalError as error:
            again = super().execute
            return self.waiting(error, lambda: again(sql, parameters))

    def commit(self) -> None:
        try:
            super().commit()
        except sqlite3.OperationalError as error:
            self.waiting(error, super().commit)

    def waiting(self, error: sqlite3.OperationalError, attempt: Callable[[], T]) -> T:
        """Attempt anew what failed, until others let it; raises what cannot be waited for."""
        until, pause = time.monotonic() + self._patience, SOON
        while _is_for_others(error) and time.monotonic() < until:
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 1.3, LATE)
            try:
                return attempt()
            except sqlite3.OperationalError as another:
                error = another
        raise error

    @contextmanager
    def waiting_within(self) -> Iterator[None]:
        """Let SQLite wait by itself, in what is not to be attempted anew as a whole."""
        super().execute(f"PRAGMA busy_timeout={round(self._patience * 1000)}")
        try:
            yield
        finally:
            super().execute("PRAGMA busy_timeout=0")


def _is_for_others(error: sqlite3.OperationalError) -> bool:
    """Whether others write, and what failed may work after that; a stale snapshot stays stale."""
    code = error.sqlite_errorcode
    return code & 0xFF == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT


class PatientCursor(base.SQLiteCursorWrapper):
    """Django's cursor on a :class:`PatientConnection`."""

    connection: PatientConnection

    def execute(self, query: str, params: Any = None) -> Self:
        try:
            super().execute(query, params)
        except sqlite3.OperationalError as error:
            again = super().execute
            self.connection.waiting(error, lambda: again(query, params))
        return self

    def executemany(self, query: str, param_list: Iterable[Any]) -> Self:
        with self.connection.waiting_within():
            super().executemany(query, param_list)
        return self

    def executescript(self, sql_script: str) -> Self:
        with self.connection.waiting_within():
            super().executescript(sql_script)
        return self
