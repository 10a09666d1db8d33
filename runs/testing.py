"""What you need to test your own workflows.

    def test_it_charges_once(db):
        run = checkout.create_run(execution="inline")
        with crash_after("charge"):
            run.start({"order": "A1"})
        assert run.restart().status == "success"

``crash`` makes this process forget all that it was driving, as if it had died; ``skipping_time``
makes waits of days take no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from runs.store import lease
from runs.worker import clock as clocks
from runs.worker import local
from runs.worker.abort import AbortSignal

__all__ = ["crash", "skipping_time"]


def crash() -> int:
    """Forget every run that this process is driving, as if it had died; returns how many.

    What their bodies still do is not recorded: another owner's number fences them off. The runs
    become due at once, for ``Run.restart`` or a worker to take up.
    """
    return lease.abandon(local.forget_owner())


class SkippingClock(clocks.Clock):
    """A clock that jumps to the end of each wait."""

    def __init__(self) -> None:
        self._ahead = 0

    def now(self) -> int:
        return super().now() + self._ahead

    def wait(self, until: int, signal: AbortSignal) -> None:
        self._ahead += max(until - self.now(), 0)

    async def await_any(self, until: int | None, event: asyncio.Event) -> None:
        """Jump only when nothing else is going on: bodies take the time they take."""
        await asyncio.sleep(0)
        if until is None:
            await event.wait()
        elif not event.is_set():
            self._ahead += max(until - self.now(), 0)


@contextmanager
def skipping_time() -> Iterator[SkippingClock]:
    """While inside, waits of runs that execute in this process take no time."""
    clock = SkippingClock()
    with clocks.replaced_by(clock):
        yield clock
