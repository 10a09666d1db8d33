"""Tickets: django-q2 tasks that say "this run has work"."""

from __future__ import annotations

import logging

from django_q.tasks import async_task

from runs.worker.broker import ticket_broker

logger = logging.getLogger(__name__)


def drive(run_pk: int) -> None:
    """Take a ticket in a worker process: its runner does the work, this returns at once."""
    from runs.worker.runner import current_runner

    current_runner().wake(run_pk)


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
    """Hand in a ticket for a committed run.

    Called after the commit: a ticket that overtakes its run finds nothing. A broker that is away
    costs the run the time until the next sweep, and nothing else.
    """
    try:
        async_task(f"{__name__}.drive", run_pk, broker=ticket_broker(for_callers=True))
    except Exception as error:
        logger.warning("Run %s got no ticket, the sweeper will find it: %s", run_pk, error)
