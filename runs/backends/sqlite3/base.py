"""Django's SQLite, for a file that several processes write to: it waits for its turn in short naps.

SQLite has one writer at a time. Whoever finds another one writing sleeps, by SQLite's own handler,
up to 100 ms between two looks, though a transaction of ours is over in less than one.
"""

from __future__ import annotations

import random
import sqlite3
import time

from django.db.backends.sqlite3 import base
from django.db.backends.utils import debug_transaction

#: Seconds between two looks: about the first at the beginning, longer from look to look, at most
#: the second.
SOON, LATE = 0.0003, 0.005


class DatabaseWrapper(base.DatabaseWrapper):
    """Waits as long as Django's option ``timeout`` says (5 s), but looks more often."""

    def _start_transaction_under_autocommit(self) -> None:
        options = self.settings_dict["OPTIONS"]
        if options.get("transaction_mode") == "IMMEDIATE":
            seconds = options.get("timeout", 5)
            with debug_transaction(self, "BEGIN IMMEDIATE"), self.wrap_database_errors:
                begin(self.connection, seconds)
        else:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]


def begin(raw: sqlite3.Connection, seconds: float) -> None:
    """Begin a transaction that writes; raises sqlite3.OperationalError if others write so long."""
    until, pause = time.monotonic() + seconds, SOON
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while not _begun(raw, until):
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 1.3, LATE)
    finally:
        raw.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")


def _begun(raw: sqlite3.Connection, until: float) -> bool:
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
            raise
        return False
    return True
