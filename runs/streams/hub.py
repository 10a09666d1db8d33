"""The hub: one per event loop, reads the news of all followed runs and hands them on.

However many follow a run, its events are read once; and all runs that moved are read in one hop to
the database's thread. A bell says that there is something to read; once a second everything that
is followed is looked at anyway, so a bell that was lost costs a second and nothing else.

Each follower has a position, and is given what lies from there on in the tables: first what was,
then what comes. There is no moment between the two, so nothing can fall in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from runs.conf import conf
from runs.exceptions import RunNotFound
from runs.models import WorkerProcess
from runs.operations import Because, because_of
from runs.store import news
from runs.store.doorbell import Moved
from runs.store.news import Told, Window
from runs.streams import states
from runs.streams.follower import LOW, ROOM, Follower
from runs.streams.service import Service
from runs.streams.states import State
from runs.streams.topics import Topics
from runs.worker import execution

#: Events read in one round for one position, and for all of them together, at most.
PAGE, LARGEST = ROOM - LOW, 5_000

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current_hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a round found: states by run, events by run and position, and lines of new states."""

    states: dict[int, State]
    told: dict[tuple[int, int], list[Told]]
    lines: dict[int, Because]
    alive: bool


class Hub(Service):
    """Works while anybody follows anything."""

    thread_name = "runs-hub"

    def __init__(self) -> None:
        super().__init__()
        self._topics = Topics()
        self._moved: set[int] = set()

    # --- for followers ------------------------------------------------------------------------

    async def follow(
        self, run_pk: int, offset: int = 0
    ) -> AsyncGenerator[tuple[int, dict[str, Any]], None]:
        """Numbered wire events from ``offset`` on: history, then live, until the caller closes it.

        Each comes once and in order, over all executions and attempts. Raises what a follower does.
        """
        async with self.follower(run_pk, offset) as follower:
            async for item in follower:
                if isinstance(item, Told):
                    yield item.seq, item.event

    def follower(self, run_pk: int, offset: int = 0, *, states: bool = False) -> Follower:
        """The same, with all that is known of an event and, if asked for, the run's states."""
        follower = Follower(run_pk, offset, states=states, leave=self._leave)
        follower.on_room = lambda: self._look_at([run_pk])
        self._topics[run_pk].followers.add(follower)
        self._look_at([run_pk])
        return follower

    async def until_still(self, run_pk: int) -> State:
        """Wait until nobody works on the run any more: it ended, is suspended, or paused.

        Raises NoWorkers when nobody is left who would go on with it, and RunNotFound when it is
        deleted. Many who wait cost no more than one.
        """
        waiter = asyncio.get_running_loop().create_future()
        self._topics[run_pk].waiters.add(waiter)
        self._look_at([run_pk])
        try:
            return await waiter
        finally:
            self._topics[run_pk].waiters.discard(waiter)
            self._forget(run_pk)

    @property
    def followed(self) -> int:
        """How many runs somebody follows or waits for."""
        return len(self._topics)

    @property
    def is_needed(self) -> bool:
        return bool(self._topics)

    def _leave(self, follower: Follower) -> None:
        self._topics[follower.run_pk].followers.discard(follower)
        self._forget(follower.run_pk)

    def _forget(self, run_pk: int) -> None:
        if self._topics[run_pk].is_empty:
            del self._topics[run_pk]
        if not self._topics:
            self._news.set()

    # --- the service --------------------------------------------------------------------------

    def _heard(self, moved: Moved) -> None:
        self._look_at(run_pk for run_pk in moved if run_pk in self._topics)

    def _look_at(self, run_pks: Iterable[int]) -> None:
        self._moved.update(run_pks)
        if self._moved:
            self._wake()

    def _end_all(self, error: Exception) -> None:
        for topic in self._topics.values():
            for follower in topic.followers:
                follower.end(error)
            for waiter in topic.waiters:
                if not waiter.done():
                    waiter.set_exception(error)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while await self._is_followed():
            if not self._moved:
                await self._news_until(self._topics.look_at)
            due = self._topics.take_due(loop.time()) if self._topics else []
            moved, self._moved = self._moved, set()
            await self._round(moved.union(due), due)

    async def _is_followed(self) -> bool:
        """Whether anybody follows anything. When the last one has gone the hub stays for a while:
        whoever comes next finds its ears open, which takes longer than many a run."""
        loop = asyncio.get_running_loop()
        end = loop.time() + conf.STREAM_LINGER_SECONDS
        while not self._topics and loop.time() < end:
            await self._news_until(end)
        return bool(self._topics)

    async def _round(self, moved: set[int], due: Sequence[int]) -> None:
        """Read what moved and what is due without a bell, and hand it on."""
        wanted = {pk: self._topics[pk].positions() for pk in moved if pk in self._topics}
        if not wanted:
            return
        waits = any(self._topics[pk].waiters for pk in due)
        shown = {pk: t.shown for pk in wanted if (t := self._topics[pk]).shows_states}
        answer = await self._ask(_read, wanted, shown, waits)
        if answer is not None:
            for run_pk in wanted:
                self._hand_on(run_pk, answer)
        for run_pk in due:
            if run_pk in self._topics:
                self._topics[run_pk].cut_the_slow()

    def _hand_on(self, run_pk: int, answer: Answer) -> None:
        topic, state = self._topics.get(run_pk), answer.states.get(run_pk)
        if topic is None:
            return
        if state is not None and run_pk in answer.lines:
            topic.shown = replace(state, because=answer.lines[run_pk])
        for follower in topic.followers:
            if state is None:
                follower.end(RunNotFound())
                continue
            told = answer.told.get((run_pk, follower.position))
            moved = told is None or follower.put(told)
            if topic.shown is not None:
                follower.show(topic.shown)
            if moved and follower.position < state.next:
                self._look_at([run_pk])
        for waiter in topic.waiters:
            _settle(waiter, state, answer.alive)


def _settle(waiter: asyncio.Future[State], state: State | None, alive: bool) -> None:
    if waiter.done():
        return
    if state is None:
        waiter.set_exception(RunNotFound())
    elif state.still:
        waiter.set_result(state)
    elif not (alive or state.is_held):
        waiter.set_exception(execution.no_workers(f"{state.workflow_id}/{state.run_id}"))


def _read(
    wanted: dict[int, set[int]], shown: dict[int, State | None], asks_for_workers: bool
) -> Answer:
    """In the hub's thread. States are read first: events then are at least as new as they."""
    alive = not asks_for_workers or WorkerProcess.objects.alive().exists()
    found = states.read(list(wanted))
    places = [
        (run_pk, position)
        for run_pk, positions in wanted.items()
        for position in positions
        if run_pk in found and position < found[run_pk].next
    ]
    limit = max(1, min(PAGE, LARGEST // max(1, len(places))))
    windows = [Window(pk, found[pk].run_id, position, limit) for pk, position in places]
    told = dict(zip(places, news.read(windows), strict=True))
    return Answer(found, told, _lines(found, shown), alive)


def _lines(found: dict[int, State], shown: dict[int, State | None]) -> dict[int, Because]:
    """Why runs are where they are: of those whose state is to be shown and was not yet."""
    return because_of(
        found[pk]
        for pk, before in shown.items()
        if pk in found and (before is None or before.shown != found[pk].shown)
    )
