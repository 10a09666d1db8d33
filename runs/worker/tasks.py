"""Tickets: django-q2 tasks that say "this run has work"."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from django_q.tasks import async_task

from runs.worker.broker import ticket_broker

#: Seconds between two tickets of a process at least: runs that begin meanwhile share the next one.
GAP_SECONDS = 0.005
#: Runs on one ticket at most, so that many starts are spread over workers.
LARGEST = 25
logger = logging.getLogger(__name__)


def drive(*run_pks: int) -> None:
    """Take a ticket in a worker process: its runner does the work, this returns at once."""
    from runs.worker.runner import current_runner

    current_runner().wake(*run_pks)


def look() -> None:
    """Take a ticket that names no run: there are steps for any worker to perform."""
    from runs.worker.runner import current_runner

    current_runner().wake()


def enqueue_look() -> None:
    """Wake some worker; one that is not woken looks by itself before long."""
    try:
        async_task(f"{__name__}.look", broker=ticket_broker(for_callers=True))
    except Exception as error:
        logger.debug("No worker could be woken: %s", error)


def enqueue(run_pk: int) -> None:
    """Hand in a ticket for a committed run; one among many of a moment may share one with them.

    Called after the commit: a ticket that overtakes its run finds nothing. A broker that is away
    costs the run the time until the next sweep, and nothing else.
    """
    if not _hand_in.joins_others(run_pk):
        _send([run_pk])


def _send(run_pks: list[int]) -> None:
    try:
        async_task(f"{__name__}.drive", *run_pks, broker=ticket_broker(for_callers=True))
    except Exception as error:
        shown = ", ".join(map(str, run_pks))
        logger.warning("Run %s got no ticket, the sweeper will find it: %s", shown, error)


class Results:
    """What a worker hands to django-q2's monitor: of a ticket that was taken there is nothing to
    save or to tell, so unless the broker waits for an answer it need not leave the process."""

    def __init__(self, results: Any) -> None:
        self._results = results

    def put(self, task: dict[str, Any]) -> None:
        if task["func"] in _TICKETS and task["success"] and not task.get("ack_id"):
            return
        self._results.put(task)


_TICKETS = (f"{__name__}.drive", f"{__name__}.look")


class _HandIn:
    """Gathers the runs of a burst; the first one's ticket has been sent, a thread sends theirs."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._gathered: list[int] = []
        self._sends = False
        self._last = 0.0

    def joins_others(self, run_pk: int) -> bool:
        """Take the run up if a ticket was sent a moment ago; else its own is to be sent now."""
        with self._guard:
            now = time.monotonic()
            if now - self._last >= GAP_SECONDS and not self._sends:
                self._last = now
                return False
            self._gathered.append(run_pk)
            if not self._sends:
                self._sends = True
                threading.Thread(target=self._work, name="runs-tickets", daemon=True).start()
        return True

    def _work(self) -> None:
        while True:
            time.sleep(GAP_SECONDS)
            with self._guard:
                run_pks, self._gathered = self._gathered[:LARGEST], self._gathered[LARGEST:]
                self._last = time.monotonic()
                if not run_pks:
                    self._sends = False
                    return
            _send(run_pks)


_hand_in = _HandIn()
os.register_at_fork(after_in_child=_hand_in.__init__)  # type: ignore[misc]
