"""The drive loop: turn, store, perform, again, until nothing is runnable.

Every way of executing a run goes through here: ``drive_here`` in a thread of the caller, one body
after another; ``drive`` on an event loop, all bodies at once. Whoever drives holds the lease.

The order is the promise: what a turn changed is stored before any body it asks for begins. Asking a
condition is no body: its answer is stored together with what it follows from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from asgiref.sync import async_to_sync

from runs.conf import conf
from runs.engine.outcomes import Decide, Execute, Turn
from runs.exceptions import LeaseLost
from runs.store import ledger
from runs.store.ledger import Write, Written
from runs.worker import callbacks, perform, stretch, transactional
from runs.worker.clock import clock
from runs.worker.distribution import is_distributed
from runs.worker.perform import Pool, Report
from runs.worker.rounds import Rounds
from runs.worker.session import Session
from runs.worker.stretch import Stretch

Store = Callable[[Write], Awaitable[Written]]
#: The bodies that are going on. One that has recorded itself has no report.
Tasks = dict[asyncio.Task[Report | None], Execute | Decide]


# --- in the calling thread -------------------------------------------------------------------


def drive_here(session: Session) -> Iterator[None]:
    """Drive a run to its rest in this thread; yields after each write, for whoever streams.

    Bodies run one after another, on the caller's database connection: in a transaction of the
    caller's they see its rows, and all of it commits or vanishes together.
    """
    while True:
        turn = _decided_here(session)
        _store_here(session)
        yield
        callbacks.notify_here(session, session.as_stored(turn))
        if turn.outcome is not None:
            return
        session.withdraw(turn)
        for command in turn.commands:
            report = _perform_here(command, session)
            if report is not None:
                session.answer(command, report, clock().now())
            if len(turn.commands) > 1:
                _store_here(session)
                yield
        if not turn.commands and turn.wake_at is not None:
            _wait_here(session, turn)


def _wait_here(session: Session, turn: Turn) -> None:
    assert turn.wake_at is not None
    if turn.sleeps:
        session.sleep()
        _store_here(session)
    clock().wait(turn.wake_at, session.signal)
    session.wake()


def _perform_here(command: Execute | Decide, session: Session) -> Report | None:
    """What came of a command; None if that is recorded already."""
    if isinstance(command, Decide):
        return perform.decide_here(command, session)
    if perform.is_transactional(command):
        return transactional.execute_here(command, session)
    if perform.is_plain(command):
        return perform.execute_here(command, session)
    return async_to_sync(perform.execute)(command, session, perform.call)


def _decided_here(session: Session) -> Turn:
    """A turn whose decisions are all made."""
    turn = session.advance(clock().now())
    while decisions := _take_decisions(turn):
        for command in decisions:
            session.answer(command, perform.decide_here(command, session), clock().now())
        turn = _joined(turn, session.advance(clock().now()))
    return turn


def _take_decisions(turn: Turn) -> list[Decide]:
    """Those to be made before anything is stored.

    A nested workflow that begins is asked about only after the callbacks of those that have ended.
    """
    waits = bool(turn.notices)
    decisions = [c for c in turn.commands if isinstance(c, Decide) and not (waits and _begins(c))]
    turn.commands = [c for c in turn.commands if isinstance(c, Execute) or (waits and _begins(c))]
    return decisions


def _begins(command: Decide) -> bool:
    return command.kind == "on_start"


def _joined(before: Turn, after: Turn) -> Turn:
    """The later turn, with what the one before it asked for and is still to be done."""
    after.commands[:0] = before.commands
    after.notices[:0] = before.notices
    return after


def _store_here(session: Session) -> None:
    write = session.take_write()
    if write is None:
        return
    written = ledger.append_one(write)
    if not written.accepted:
        write = session.recant(write, clock().now())
        written = ledger.append_one(write)
    session.after(write, written)


# --- on an event loop ------------------------------------------------------------------------


async def drive(
    session: Session,
    store: Store,
    pool: Pool,
    *,
    holds: bool,
    rounds: Rounds | None = None,
) -> bool:
    """Drive a run to its rest; answers whether it came to rest.

    If all that is left is to wait for a time, and ``holds`` is false, the run is given up until
    then: a sleeping run holds neither slot nor memory. When this coroutine is canceled, its bodies
    are too, and nothing more is written. Raises LeaseLost when another worker has taken the run.
    With ``rounds``, bodies that follow one another share a thread (see ``stretch``).
    """
    news = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        loop.call_soon_threadsafe(news.set)

    session.on_news = tell
    tasks: Tasks = {}
    before = Turn()
    try:
        while True:
            turn = await _decided(session, pool, before)
            going = None if tasks else _in_rounds(turn, session, rounds)
            if going is None:
                await _store(session, store)
                await callbacks.notify(session, session.as_stored(turn), pool)
                if turn.outcome is not None:
                    return True
                session.withdraw(turn)
                going = None if tasks else _in_own_thread(turn, session, rounds, pool)
            before = Turn()
            if going is not None:
                before = await stretch.awaited(
                    going, session, partial(_store, session, store), news
                )
                if before.outcome is None:
                    continue
                await callbacks.notify(session, session.as_stored(before), pool)
                return True
            await _begin_bodies(turn, session, pool, tasks, news)
            if turn.sleeps and not tasks:
                session.sleep()
            if not tasks and not holds:
                due_at = clock().now() if session.interpreter.closing else turn.wake_at
                if session.interpreter.closing or _is_far(due_at):
                    await _store(session, store, release_at=due_at)
                    return False
            if turn.sleeps and not tasks:
                await _store(session, store)
            await clock().await_any(turn.wake_at, news)
            session.wake()
            news.clear()
            _collect(session, tasks)
    finally:
        await _abandon(session, tasks)


def _in_rounds(turn: Turn, session: Session, rounds: Rounds | None) -> asyncio.Future[Turn] | None:
    """Let a quick body, if that is all, go with those of other runs; they store the turn, too."""
    if rounds is None or turn.notices or session.is_distributed:
        return None
    going = Stretch(session, turn, rounds.paces)
    return rounds.join(going) if going.is_quick else None


def _in_own_thread(
    turn: Turn, session: Session, rounds: Rounds | None, pool: Pool
) -> asyncio.Future[Turn] | None:
    """Call a body, if it is the only one, and those that follow it, in a thread for itself."""
    if rounds is None or stretch.next_body(turn, session) is None:
        return None
    going = Stretch(session, turn, rounds.paces)
    return asyncio.ensure_future(pool(lambda _: stretch.alone(going, rounds.store_one), None))


async def _decided(session: Session, pool: Pool, before: Turn) -> Turn:
    """A turn whose decisions are all made, with what the one before it asked for."""
    turn = _joined(before, session.advance(clock().now()))
    while decisions := _take_decisions(turn):
        for command in decisions:
            report = await perform.decide(command, session, pool)
            session.answer(command, report, clock().now())
        turn = _joined(turn, session.advance(clock().now()))
    return turn


async def _store(session: Session, store: Store, release_at: int | None = None) -> None:
    write = session.take_write(release_at=release_at)
    if write is None:
        return
    written = await store(write)
    if not written.accepted and written.canceled:
        write = session.recant(write, clock().now())
        written = await store(write)
    if not written.accepted:
        raise LeaseLost(run_pk=session.run_pk)
    session.after(write, written)


async def _begin_bodies(
    turn: Turn, session: Session, pool: Pool, tasks: Tasks, news: asyncio.Event
) -> None:
    """Let bodies begin; while transactions of theirs are open, nothing else is stored."""
    transactions = []
    for command in turn.commands:
        commits = perform.is_transactional(command)
        task = asyncio.ensure_future(_performed(command, session, pool))
        task.add_done_callback(lambda _: news.set())
        tasks[task] = command
        if commits:
            transactions.append(task)
    if transactions:
        await asyncio.wait(transactions)


async def _performed(command: Execute | Decide, session: Session, pool: Pool) -> Report | None:
    if isinstance(command, Decide):
        return await perform.decide(command, session, pool)
    if perform.is_transactional(command):
        return await transactional.execute(command, session, pool)
    if session.elsewhere is not None and is_distributed(command):
        return await session.elsewhere.execute(command, session, pool)
    return await perform.execute(command, session, pool)


def _is_far(wake_at: int | None) -> bool:
    return wake_at is not None and wake_at - clock().now() > conf.HOLD_SECONDS * 1000


def _collect(session: Session, tasks: Tasks) -> None:
    """Take up the bodies that have ended, in the order in which they began."""
    for task in [task for task in tasks if task.done()]:
        command, report = tasks.pop(task), task.result()
        if report is not None:
            session.answer(command, report, clock().now())


async def _abandon(session: Session, tasks: Tasks) -> None:
    session.on_news = lambda: None
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
