"""The time that runs go by. ``runs.testing`` puts one in its place that can be moved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from runs.worker.abort import AbortSignal


class Clock:
    """The real time."""

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def wait(self, until: int, signal: AbortSignal) -> None:
        """Block until a moment, or until the signal fires."""
        signal.wait_aborted(max(until - self.now(), 0) / 1000)

    async def await_any(self, until: int | None, event: asyncio.Event) -> None:
        """Wait until a moment (None: without end), or until the event is set."""
        timeout = None if until is None else max(until - self.now(), 0) / 1000
        try:
            await asyncio.wait_for(event.wait(), timeout)
        except TimeoutError:
            return


_clock = Clock()


def clock() -> Clock:
    return _clock


@contextmanager
def replaced_by(other: Clock) -> Iterator[None]:
    global _clock
    before, _clock = _clock, other
    try:
        yield
    finally:
        _clock = before
