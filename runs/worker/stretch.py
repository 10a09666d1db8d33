"""A stretch: plain bodies that follow one another, in one thread, without going back to the loop.

Going from the loop to a thread and back, and to the writer and back, costs more than most steps.
So the thread that has called a body also takes up what came of it, stores that, and calls the next
body, as long as there is just one to call. For everything else, and after a while in any case, it
hands back to the loop: others wait for its thread.

The order of things is that of ``drive``: what a turn changed is stored before its body begins.
While a body is being called the loop stores what it tells; ``Session.moving`` keeps them apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from django.db import close_old_connections

from runs.definition.nodes import MapNode
from runs.engine.outcomes import Execute, Turn
from runs.exceptions import LeaseLost
from runs.store.ledger import Write, Written
from runs.worker import perform
from runs.worker.clock import clock
from runs.worker.distribution import is_distributed
from runs.worker.perform import Pool
from runs.worker.session import Session

#: Seconds after which a stretch hands its thread back.
LONGEST = 0.1

#: Stores a write, and keeps the calling thread until that is done.
StoreHere = Callable[[Write], Written]


def next_body(turn: Turn, session: Session) -> Execute | None:
    """The only thing that a turn asks for, if it is a plain body that a stretch may call."""
    if len(turn.commands) != 1 or turn.outcome is not None or turn.wake_at is not None:
        return None
    command = turn.commands[0]
    if not isinstance(command, Execute) or isinstance(command.node, MapNode):
        return None
    step = command.node.step
    if step.is_async or step.timeout is not None or perform.is_transactional(command):
        return None
    if session.elsewhere is not None and is_distributed(command):
        return None
    return command


async def performed(
    command: Execute,
    session: Session,
    pool: Pool,
    store: Callable[[], Awaitable[None]],
    store_here: StoreHere,
    news: asyncio.Event,
) -> Turn:
    """Call a body and those that follow it; the turn that ends the stretch is not stored yet."""
    going = asyncio.ensure_future(pool(lambda _: _stretch(command, session, store_here), None))
    going.add_done_callback(lambda _: news.set())
    try:
        while not going.done():
            await news.wait()
            news.clear()
            if not going.done() and session.moving.acquire(blocking=False):
                try:
                    session.advance(clock().now())
                    await store()
                finally:
                    session.moving.release()
        return going.result()
    finally:
        if not going.done():
            session.left.set()
            going.cancel()


def _stretch(command: Execute, session: Session, store_here: StoreHere) -> Turn:
    until = time.monotonic() + LONGEST
    while not session.left.is_set():
        close_old_connections()
        session.prove()
        report = perform.execute_here(command, session)
        with session.moving:
            if session.left.is_set():
                break
            session.answer(command, report, clock().now())
            turn = session.advance(clock().now())
            following = next_body(turn, session)
            if following is None or turn.notices or time.monotonic() > until:
                return turn
            _store(session, store_here)
            session.withdraw(turn)
            if not turn.commands:
                return turn
            command = following
        session.look_again()
    return Turn()


def _store(session: Session, store_here: StoreHere) -> None:
    write = session.take_write()
    if write is None:
        return
    written = store_here(write)
    if not written.accepted:
        raise LeaseLost(run_pk=session.run_pk)
    session.after(write, written)
