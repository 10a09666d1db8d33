"""Signs of life of a worker process, from a thread of their own.

They depend on nothing that a body could hold up: a coroutine that blocks the loop, or bodies that
occupy every thread of the pool, cost the worker its pace and not its leases.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django import db as database
from django.db import close_old_connections, connection

from runs.conf import conf

logger = logging.getLogger("runs.worker")


class Heartbeat:
    """Calls ``beat`` every RUNS_HEARTBEAT_SECONDS until it is stopped."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runs-heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the last beat is over."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._beat_once()
            self._ended.wait(conf.HEARTBEAT_SECONDS)
        connection.close()

    def _beat_once(self) -> None:
        try:
            close_old_connections()
            self._beat()
        except database.Error as error:
            logger.warning("No sign of life: the database did not answer: %s", error)
            connection.close()
        except Exception:
            logger.exception("No sign of life: something unforeseen; the worker goes on")
