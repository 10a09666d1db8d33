"""The database is away for a while: PostgreSQL is restarted, SQLite is locked by somebody."""

from __future__ import annotations

import sqlite3
import time

from tests.drills.load import through
from tests.drills.site import Site, site, stop_at_once
from tests.drills.verdict import Verdict


def drill(*, database: str, runs: int, seconds: float) -> Verdict:
    """Take the database away under load for some seconds, and give it back."""
    outage = _restart if database == "postgres" else _lock
    with site(database) as place:
        return through(
            place, lambda _: outage(place, seconds), runs=runs, seconds=max(4.0, 2 * seconds)
        )


def _restart(place: Site, seconds: float) -> None:
    stop_at_once(place.postgres)
    time.sleep(seconds)
    place.postgres.ensure_postgres_running()


def _lock(place: Site, seconds: float) -> None:
    database = sqlite3.connect(place.folder / "data" / "db.sqlite3", isolation_level=None)
    database.execute("PRAGMA busy_timeout = 60000")
    database.execute("BEGIN EXCLUSIVE")
    time.sleep(seconds)
    database.rollback()
    database.close()
