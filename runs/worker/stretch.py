"""A stretch: plain bodies that follow one another, without going back to the loop.

Going from the loop to a thread and back, and to the writer and back, costs more than most steps.
So the thread that has called a body also takes up what came of it, stores that, and calls the next
body, as long as there is just one to call. For everything else, and after a while in any case, it
hands back to the loop: others wait for its thread. Quick bodies go in ``rounds`` with those of
other runs; any other has a thread for itself.

The order of things is that of ``drive``: what a turn changed is stored before its body begins.
While a body is being called the loop stores what it tells; ``Session.moving`` keeps them apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from django.db import close_old_connections

from runs.definition.nodes import MapNode
from runs.definition.step import Step
from runs.engine.outcomes import Execute, Turn
from runs.exceptions import LeaseLost
from runs.store.ledger import Write, Written
from runs.worker import perform
from runs.worker.clock import clock
from runs.worker.distribution import is_distributed
from runs.worker.pace import Paces
from runs.worker.perform import Report
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


class Left(Exception):
    """Nobody waits for what the bodies of this stretch come to."""


class Stretch:
    """The bodies of one run. Whoever moves it holds the session's ``moving``, which is let go of
    only while a body is being called."""

    def __init__(self, session: Session, turn: Turn, paces: Paces) -> None:
        self.session, self.turn, self._paces = session, turn, paces
        self.renew()
        #: The body to call next; None if it is the loop that has to go on.
        self.command = next_body(turn, session)

    def renew(self) -> None:
        self.until = time.monotonic() + LONGEST

    @property
    def step(self) -> Step | None:
        """The step whose body is the next."""
        node = None if self.command is None else self.command.node
        return None if node is None or isinstance(node, MapNode) else node.step

    @property
    def is_quick(self) -> bool:
        return self.step is not None and self._paces.is_quick(self.step)

    def perform(self) -> None:
        """Call the next body, whose beginning is stored, and take up what comes of it."""
        command, session = self.command, self.session
        session.withdraw(self.turn)
        if command is None or not self.turn.commands:
            self.command = None
            return
        report = self._call(command)
        session.answer(command, report, clock().now())
        self.turn = session.advance(clock().now())
        self.command = None if self.turn.notices else next_body(self.turn, session)

    def _call(self, command: Execute) -> Report:
        session, step = self.session, self.step
        if session.left.is_set():
            raise Left
        session.moving.release()
        try:
            session.look_again()
            close_old_connections()
            session.prove()
            began = time.monotonic()
            report = perform.execute_here(command, session)
            if step is not None:
                self._paces.note(step, time.monotonic() - began)
        finally:
            session.moving.acquire()
        if session.left.is_set():
            raise Left
        return report

    def take_write(self) -> Write | None:
        """What is to be stored before the next body is called, or of a run that came to rest."""
        if self.command is None and self.turn.outcome is None:
            return None
        return self.session.take_write()

    def after(self, write: Write, written: Written) -> Write | None:
        """Look at what came of a write; the one to be stored in its place if there is one."""
        if written.accepted:
            self.session.after(write, written)
            return None
        if written.canceled:
            return self.session.recant(write, clock().now())
        raise LeaseLost(run_pk=self.session.run_pk)


def alone(stretch: Stretch, store_here: StoreHere) -> Turn:
    """Go through a stretch in this thread, until what follows is quick, or nothing for it."""
    with stretch.session.moving:
        while stretch.command is not None:
            try:
                stretch.perform()
            except Left:
                return Turn()
            write = stretch.take_write()
            while write is not None:
                write = stretch.after(write, store_here(write))
            if stretch.is_quick or time.monotonic() > stretch.until:
                break
        return stretch.turn


async def awaited(
    going: asyncio.Future[Turn],
    session: Session,
    store: Callable[[], Awaitable[None]],
    news: asyncio.Event,
) -> Turn:
    """The turn that ends a stretch; stores meanwhile what bodies tell."""
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
