"""Transactional steps: what a body writes and what is recorded of it commit together or not at all.

The body runs inside a transaction. When it has ended well, its outcome is taken into the journal
and appended, fenced, in that same transaction. So a crash, a raising body, a lost lease or a
constraint that is checked at the commit take the body's rows back together with the record. So does
a database that goes away; no try has failed then: the run is taken up again when it is back.

On an event loop the body's transaction belongs to a thread and the journal to the loop. The thread
*offers* its report with the transaction open; the loop answers with the write to append. Meanwhile
the driver stores nothing else of the run: on SQLite an open transaction is the only writer there
can be, and the events of a run must be committed in the order of their numbers.
"""

from __future__ import annotations

import asyncio
import logging
import queue
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from django import db as database
from django.db import transaction

from runs.engine.outcomes import Execute, Threw
from runs.store import ledger
from runs.store.ledger import Write, Written
from runs.store.outage import is_outage
from runs.worker import perform
from runs.worker.clock import clock
from runs.worker.context import StepContext
from runs.worker.perform import Pool, Report

if TYPE_CHECKING:
    from runs.worker.session import Session

logger = logging.getLogger("runs.worker")
#: What the body has done wrong, if it shows only when its transaction goes on or commits.
_FAULTS_OF_BODIES = (
    database.IntegrityError,
    database.DataError,
    database.InternalError,
    transaction.TransactionManagementError,
)


class _Undone(Exception):
    """The try failed, and with it the transaction."""

    def __init__(self, report: Report) -> None:
        self.report = report


class _Refused(Exception):
    """Nobody waits any more for what the body came to."""


def _together(
    session: Session, body: Callable[[], Report], settle: Callable[[Report], None]
) -> Report | None:
    """Run body and ``settle`` in one transaction; the report if the try failed, None if not.

    SQLite lets a transaction wait for others to end, and somebody may take the run over meanwhile.
    """
    committed: list[bool] = []
    try:
        with transaction.atomic():
            # The first to be told, so that what else is to follow the commit cannot hide it.
            transaction.on_commit(lambda: committed.append(True))
            session.confirm()
            report = body()
            if isinstance(report.answer, Threw):
                raise _Undone(report)
            settle(report)
    except _Undone as undone:
        return undone.report
    except Exception:
        if not committed:
            raise
        logger.exception("What was to follow the commit of a transactional step raised")
    return None


# --- in the calling thread -------------------------------------------------------------------


def execute_here(command: Execute, session: Session) -> Report | None:
    """Run a body and record it; a report only if there is one still to be taken up."""
    stored: list[tuple[Write, Written]] = []
    undo: list[Callable[[], None]] = []

    def settle(report: Report) -> None:
        undo.append(session.checkpoint(command, clock().now()))
        write = _taken_up(command, session, report)
        stored.append((write, ledger.append_one(write)))

    try:
        failed = _together(session, lambda: perform.execute_here(command, session), settle)
    except _FAULTS_OF_BODIES as error:
        if is_outage(error):
            raise
        for restore in undo:
            restore()
        return perform.failed(command, error)
    for write, written in stored:
        session.after(write, written)
    return failed


def _taken_up(command: Execute, session: Session, report: Report) -> Write:
    session.answer(command, report, clock().now())
    write = session.take_write()
    assert write is not None
    return write


# --- on an event loop ------------------------------------------------------------------------


class _Handover:
    """Between the thread of the body, with its transaction open, and the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._answers: queue.SimpleQueue[Write | None] = queue.SimpleQueue()
        self.offered: asyncio.Future[Report] = self._loop.create_future()
        self.stored: tuple[Write, Written] | None = None

    def settle(self, report: Report) -> None:
        """In the thread: offer a report and append what the loop makes of it."""
        self._loop.call_soon_threadsafe(self._take, report)
        write = self._answers.get()
        if write is None:
            raise _Refused
        self.stored = write, ledger.append_one(write)

    def _take(self, report: Report) -> None:
        if not self.offered.done():
            self.offered.set_result(report)

    def answer(self, write: Write | None) -> None:
        """On the loop; the first answer is the one that counts."""
        self._answers.put(write)


async def execute(command: Execute, session: Session, pool: Pool) -> Report | None:
    """Run a body in a thread and record it; a report only if there is one still to be taken up."""
    prepared = perform.prepare(command, session)
    if isinstance(prepared, Report):
        return prepared
    handover = _Handover()
    try:
        body = partial(_in_thread, command, session, *prepared)
        work = asyncio.ensure_future(pool(body, handover))
        with suppress(TimeoutError):
            async with asyncio.timeout(perform.limit_of(command)):
                await asyncio.wait((work, handover.offered), return_when=asyncio.FIRST_COMPLETED)
        if handover.offered.done():
            return await _committed(command, session, handover, work)
        return work.result() if work.done() else perform.timed_out(command)
    finally:
        handover.offered.cancel()
        handover.answer(None)


def _in_thread(
    command: Execute,
    session: Session,
    body: Callable[[Any], Any],
    ctx: StepContext,
    handover: _Handover,
) -> Report | None:
    session.prove()
    with suppress(_Refused):
        call = partial(perform.call_here, command, body, ctx)
        return _together(session, call, handover.settle)
    return None


async def _committed(
    command: Execute, session: Session, handover: _Handover, work: asyncio.Future[Any]
) -> Report | None:
    """Let the thread commit. Two at a time would commit their events in any order."""
    async with session.committing:
        restore = session.checkpoint(command, clock().now())
        handover.answer(_taken_up(command, session, handover.offered.result()))
        try:
            await work
        except _FAULTS_OF_BODIES as error:
            if is_outage(error):
                raise
            restore()
            return perform.failed(command, error)
        assert handover.stored is not None
        session.after(*handover.stored)
    return None
