"""One reader of one run's events, at its own pace.

The hub puts in what comes next as long as there is room; who reads slowly falls behind, costs
no memory, and gets the rest from the tables. Who does not read at all is cut.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from runs.exceptions import SlowReader
from runs.store.news import Told
from runs.streams.states import State

#: Events that wait for their reader at most, and how few must be left before more are put in.
ROOM, LOW = 256, 64


class Follower:
    """Iterate over it inside its ``async with``: events and, if asked for, states of the run.

    ``position`` is the number of the event to be put in next, ``next`` that of the event to be
    taken next. A state is put in when all events that led to it have been. Raises SlowReader when
    something has waited too long, and RunNotFound when the run is deleted.
    """

    def __init__(
        self, run_pk: int, offset: int, *, states: bool, leave: Callable[[Follower], None]
    ) -> None:
        self.run_pk = run_pk
        self.position = self.next = offset
        self.wants_states = states
        self._leave = leave
        self._waiting: deque[tuple[float, Told | State]] = deque()
        self._shown: tuple[Any, ...] | None = None
        self._end: Exception | None = None
        self._news = asyncio.Event()
        #: Called when there is room again, for the hub to go on.
        self.on_room: Callable[[], None] = lambda: None

    # --- the hub's side -----------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        return len(self._waiting) < ROOM and self._end is None

    def put(self, told: Sequence[Told]) -> bool:
        """Take events from ``position`` on, as far as they have no gap and there is room."""
        before, now = self.position, time.monotonic()
        for one in told if self.has_room else ():
            if one.seq != self.position:
                break
            self._waiting.append((now, one))
            self.position += 1
        self._news.set()
        return self.position > before

    def show(self, state: State) -> None:
        """How the run stands, if that is news and nothing that led to it is still to come."""
        if self.wants_states and state.shown != self._shown and self.position >= state.next:
            self._shown = state.shown
            self._waiting.append((time.monotonic(), state))
            self._news.set()

    def end(self, error: Exception) -> None:
        self._end = error
        self._news.set()

    def is_slow(self, patience_seconds: float) -> bool:
        return bool(self._waiting) and time.monotonic() - self._waiting[0][0] > patience_seconds

    def cut(self) -> None:
        """Give the reader up: what waits for it is dropped, and it is told where to go on."""
        self._waiting.clear()
        self.end(SlowReader(next=self.next))

    # --- the reader's side --------------------------------------------------------------------

    async def __aenter__(self) -> Follower:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leave(self)

    async def __aiter__(self) -> AsyncIterator[Told | State]:
        while True:
            while self._waiting:
                yield self._take()
            if self._end is not None:
                raise self._end
            self._news.clear()
            await self._news.wait()

    def take_ready(self, limit: int) -> list[Told | State]:
        """What has come already, without waiting; at most so many.

        What is taken makes room for more: who takes more than can be sent at once keeps it all.
        """
        return [self._take() for _ in range(min(limit, len(self._waiting)))]

    def _take(self) -> Told | State:
        _, item = self._waiting.popleft()
        if isinstance(item, Told):
            self.next = item.seq + 1
        if len(self._waiting) == LOW:
            self.on_room()
        return item
