"""SQLite's checkpoints, taken off the hands of those who commit.

SQLite copies its write-ahead log into the database when a commit finds the log long, and that
commit waits for all of it: some 20 ms in the middle of a step. Here a thread copies what there is
after every few hundred commits, while others go on committing, so that little is left for them.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import closing

#: Commits of this process between two checkpoints of its own: some 4 MB of log.
EVERY = 200
logger = logging.getLogger("runs.store")


class _Checkpoints:
    """Counts the commits of a process, and lets one thread at a time copy the log."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._commits = 0
        self._copies = False

    def count(self, raw: sqlite3.Connection) -> None:
        with self._guard:
            self._commits += 1
            if self._copies or self._commits < EVERY:
                return
            self._commits, self._copies = 0, True
        try:
            file = raw.execute("PRAGMA database_list").fetchone()[2]
            threading.Thread(target=self._copy, args=(file,), name="runs-checkpoint").start()
        except (sqlite3.Error, RuntimeError) as error:  # RuntimeError: no thread can be started
            self._give_up(error)

    def _copy(self, file: str) -> None:
        """Copy what nobody reads or writes any more; PASSIVE waits for nobody, and nobody for it.

        A database in memory has no file, and none in another mode a log: then nothing happens.
        """
        try:
            with closing(sqlite3.connect(file)) as own:
                own.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            self._give_up(error)
        self._copies = False

    def _give_up(self, error: Exception) -> None:
        """Nothing is lost: SQLite itself copies a log that gets too long."""
        self._copies = False
        logger.warning("SQLite's log could not be copied: %s", error)


_checkpoints = _Checkpoints()
os.register_at_fork(after_in_child=_checkpoints.__init__)  # type: ignore[misc]


def after_commit(raw: sqlite3.Connection) -> None:
    """Count a commit; every so often a thread then makes a checkpoint. Never raises."""
    _checkpoints.count(raw)
