"""Runs that somebody follows or waits for, and when each of them is looked at without a bell.

Each is looked at once in STREAM_LOOK_SECONDS, and of many only some at a time: reading a thousand
at once takes longer than a bell may wait that rings meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice

from runs.conf import conf
from runs.streams.follower import Follower
from runs.streams.states import State

#: Looks at some of them in the time in which each has its turn, and how few are not parted.
LOOKS, FEWEST = 20, 50


@dataclass(slots=True)
class Topic:
    """A run that somebody follows or waits for."""

    #: When to look at it at the latest, by the clock of event loops.
    look_at: float
    followers: set[Follower] = field(default_factory=set)
    waiters: set[asyncio.Future[State]] = field(default_factory=set)
    #: The state that was shown last, with its line.
    shown: State | None = None

    @property
    def shows_states(self) -> bool:
        return any(follower.wants_states for follower in self.followers)

    @property
    def is_empty(self) -> bool:
        return not (self.followers or self.waiters)

    def positions(self) -> set[int]:
        return {f.position for f in self.followers if f.has_room}

    def cut_the_slow(self) -> None:
        for follower in self.followers:
            if follower.is_slow(conf.STREAM_PATIENCE_SECONDS):
                follower.cut()


class Topics(OrderedDict[int, Topic]):
    """Topics by run; those that were looked at longest ago, or never, come first."""

    _looked_at = 0.0

    def __missing__(self, run_pk: int) -> Topic:
        topic = self[run_pk] = Topic(time.monotonic() + conf.STREAM_LOOK_SECONDS)
        return topic

    @property
    def look_at(self) -> float:
        """When to look at some next; there must be any."""
        first = next(iter(self.values()))
        return max(first.look_at, self._looked_at + conf.STREAM_LOOK_SECONDS / LOOKS)

    def take_due(self, now: float) -> list[int]:
        """The runs to be looked at now."""
        if now < self.look_at:
            return []
        self._looked_at = now
        taken = list(islice(self, max(FEWEST, -(-len(self) // LOOKS))))
        for run_pk in taken:
            self[run_pk].look_at = now + conf.STREAM_LOOK_SECONDS
            self.move_to_end(run_pk)
        return taken
