"""What workers do from time to time besides driving runs, such as having schedules fire.

Layers above add theirs when the app is ready. Every worker of a cluster does all of them, so each
must bear being done by several at once: by conditional updates, as everything here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

#: Calls a function that uses the database, in a thread for that.
Call = Callable[..., Awaitable[Any]]


class Duty(Protocol):
    """One per worker process, on the runner's loop, which it must not block."""

    async def look(self, call: Call) -> None:
        """See what there is to do, and do or begin it; called with each sweep."""

    async def close(self) -> None:
        """The worker leaves: stop what was begun."""


_makers: list[Callable[[], Duty]] = []


def add(make: Callable[[], Duty]) -> None:
    if make not in _makers:
        _makers.append(make)


def take_up() -> list[Duty]:
    """The duties of one worker, each new."""
    return [make() for make in _makers]
