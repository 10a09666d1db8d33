"""Rounds: quick bodies of many runs, one after another in one thread, and stored together.

A thread for each body is what bodies need that wait for something. For those that are over at once
the threads are the greater part of the work: all of them want the interpreter, and each is woken
for each of its steps. So a *crew* of one thread takes one body of each of its runs, stores what
came of all of them in one transaction, and goes on with the next round.

Who is quick is known from earlier calls (``pace``). A body that is not, for once, is left alone
with its thread: the others get another crew.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from django import db as database
from django.db import connection

from runs.engine.outcomes import Turn
from runs.store.ledger import Write, Written
from runs.worker.pace import SLOW, Paces
from runs.worker.stretch import Stretch

logger = logging.getLogger("runs.worker")
#: Runs in one round at most: so many bodies may go before one's own.
LARGEST = 32

#: Stores writes, and keeps the calling thread until that is done.
StoreAll = Callable[[Sequence[Write]], Sequence[Written | Exception]]


class _Member:
    """A run in rounds, and who waits for the end of its stretch."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch
        self.future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        #: What has to be stored before the next body is called.
        self.write: Write | None = None
        self.error: BaseException | None = None

    @property
    def has_ended(self) -> bool:
        stretch = self.stretch
        return self.error is not None or (
            self.write is None and (stretch.command is None or not stretch.is_quick)
        )

    def perform(self) -> None:
        with _Noted(self):
            self.stretch.perform()
            self.write = self.stretch.take_write()

    def after(self, written: Written | Exception) -> None:
        with _Noted(self):
            if isinstance(written, Exception):
                raise written
            assert self.write is not None
            self.write = self.stretch.after(self.write, written)

    def tell(self) -> None:
        """On the loop: let the driver go on."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.stretch.turn)
        else:
            self.future.set_exception(self.error)


class _Noted:
    """Whatever is raised inside is the member's, whose driver learns of it; no other's."""

    def __init__(self, member: _Member) -> None:
        self._member = member

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is not None:
            self._member.error = error
            if isinstance(error, database.Error):
                connection.close()
        return True


class _Crew:
    """One thread and the runs it goes round with."""

    def __init__(self, members: list[_Member]) -> None:
        self.members = members
        #: Whose body is being called, and how many have been.
        self.calling: _Member | None = None
        self.calls = 0


class Rounds:
    """The rounds of one worker. ``start`` has a function called in a thread of its own."""

    def __init__(self, start: Callable[[Callable[[], None]], object], store: StoreAll) -> None:
        self.paces = Paces()
        self._start, self._store_all = start, store
        self._guard = threading.Lock()
        self._ready: deque[_Member] = deque()
        #: The crew that takes new members; others are left with a body that does not end.
        self._crew: _Crew | None = None
        self._is_watched = False

    def join(self, stretch: Stretch) -> asyncio.Future[Turn]:
        """On the loop: the turn that ends this stretch, whose first one is not stored yet."""
        taken = stretch.session.moving.acquire(blocking=False)
        assert taken, "whoever drives a run moves it, and that is the caller"
        member = _Member(stretch)
        member.write = stretch.take_write()
        with self._guard:
            self._ready.append(member)
            crew, is_new = self._crew, self._crew is None
            if crew is None:
                crew = self._crew = _Crew([])
        if is_new:
            self._start(partial(self._work, crew))
        if not self._is_watched:
            self._is_watched = True
            self._watch(None, 0)
        return member.future

    def store_one(self, write: Write) -> Written:
        """For a stretch that has a thread for itself."""
        [answer] = self._store_all([write])
        if isinstance(answer, Exception):
            raise answer
        return answer

    # --- on the loop --------------------------------------------------------------------------

    def _watch(self, seen: _Crew | None, calls: int) -> None:
        """Relieve a crew that is at the same body as it was the last time."""
        crew = self._relieved(seen, calls)
        if crew is None:
            self._is_watched = False
            return
        loop = asyncio.get_running_loop()
        loop.call_later(SLOW, self._watch, crew, crew.calls)

    def _relieved(self, seen: _Crew | None, calls: int) -> _Crew | None:
        """The crew at work; a new one if the one that was seen at work is held up by a body."""
        with self._guard:
            crew = self._crew
            if crew is None or crew is not seen or crew.calls != calls or crew.calling is None:
                return crew
            held_up = crew.calling
            others = [member for member in crew.members if member is not held_up]
            crew.members = [held_up]
            relief = self._crew = _Crew(others) if others or self._ready else None
        if held_up.stretch.step is not None:
            self.paces.note(held_up.stretch.step, SLOW * 2)
        if relief is not None:
            self._start(partial(self._work, relief))
        return relief

    # --- in the thread of a crew --------------------------------------------------------------

    def _work(self, crew: _Crew) -> None:
        while self._gather(crew):
            try:
                self._perform(crew)
                self._store(crew)
            except BaseException as error:
                logger.exception("Something unforeseen; the runs of this round are given up")
                for member in crew.members:
                    member.error = error
            self._let_go(crew)

    def _gather(self, crew: _Crew) -> bool:
        """Complete the crew; false if there is nothing to do for it any more."""
        with self._guard:
            if self._crew is None:
                self._crew = crew
            if self._crew is not crew:
                self._ready.extendleft(crew.members)
                crew.members = []
                return False
            if self._ready:
                self._give_way(crew)
            while self._ready and len(crew.members) < LARGEST:
                crew.members.append(self._ready.popleft())
            if not crew.members:
                self._crew = None
        return bool(crew.members)

    def _give_way(self, crew: _Crew) -> None:
        """Whoever has been in for long goes behind those who wait."""
        now = time.monotonic()
        for member in [one for one in crew.members if one.stretch.until < now]:
            member.stretch.renew()
            crew.members.remove(member)
            self._ready.append(member)

    def _perform(self, crew: _Crew) -> None:
        """Call one body of each, unless somebody else has taken them over."""
        for member in tuple(crew.members):
            if member.write is not None or member.has_ended:
                continue
            with self._guard:
                if self._crew is not crew:
                    return
                crew.calling = member
                crew.calls += 1
            member.perform()
            with self._guard:
                crew.calling = None

    def _store(self, crew: _Crew) -> None:
        if self._crew is not crew:
            return
        waiting = [(member, member.write) for member in crew.members if member.write is not None]
        if waiting:
            answers = self._store_all([write for _, write in waiting])
            for (member, _), written in zip(waiting, answers, strict=True):
                member.after(written)

    def _let_go(self, crew: _Crew) -> None:
        """Hand those back to the loop whose stretch has ended."""
        ended = [member for member in crew.members if member.has_ended]
        if not ended:
            return
        crew.members = [member for member in crew.members if member not in ended]
        for member in ended:
            member.stretch.session.moving.release()
        with suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            ended[0].future.get_loop().call_soon_threadsafe(_tell, ended)


def _tell(members: Sequence[_Member]) -> None:
    for member in members:
        member.tell()
