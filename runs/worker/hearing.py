"""Waiting for a run to move, whichever process moves it.

One thread of this process listens for the doorbell while anybody waits, and a while longer. A bell
may get lost, so whoever waits looks at the tables now and then in any case: seldom when somebody
listens, else often.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from runs.conf import conf
from runs.store import doorbell
from runs.store.doorbell import Moved
from runs.store.ears import Ears

Ring = Callable[[], None]


class Bell:
    """Rings in the thread that waits for it."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self.ring: Ring = self._rung.set

    @property
    def is_rung(self) -> bool:
        """Whether it has rung since it was last waited for."""
        return self._rung.is_set()

    def wait(self, seconds: float) -> None:
        """Wait until the run moves; no longer than ``seconds`` if nobody listens."""
        self._rung.wait(_patience(seconds))
        self._rung.clear()


class LoopBell:
    """The same on an event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        with suppress(RuntimeError):  # the loop has just been closed
            self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_patience(seconds)):
                await self._rung.wait()
        self._rung.clear()


def _patience(seconds: float) -> float:
    return max(seconds, conf.STREAM_LOOK_SECONDS) if _hearing.listens else seconds


@contextmanager
def bell(run_pk: int) -> Iterator[Bell]:
    """A bell that rings when this run moves, while inside."""
    made = Bell()
    with _hearing.of(run_pk, made.ring):
        yield made


@contextmanager
def loop_bell(run_pk: int) -> Iterator[LoopBell]:
    made = LoopBell()
    with _hearing.of(run_pk, made.ring):
        yield made


class _Hearing:
    """Who waits in this process for what, and the thread that listens for them."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._rings: dict[int, list[Ring]] = {}
        self._thread: threading.Thread | None = None
        self._ears: Ears | None = None

    @property
    def listens(self) -> bool:
        """Whether other processes are heard at this moment."""
        ears = self._ears
        return ears is not None and ears.are_open

    @contextmanager
    def of(self, run_pk: int, ring: Ring) -> Iterator[None]:
        with self._guard:
            self._rings.setdefault(run_pk, []).append(ring)
            if self._thread is None and doorbell.shared_layer() is not None:
                self._thread = threading.Thread(target=self._run, name="runs-ears", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._guard:
                self._rings[run_pk].remove(ring)
                if not self._rings[run_pk]:
                    del self._rings[run_pk]

    def _run(self) -> None:
        try:
            asyncio.run(self._listen())
        finally:
            with self._guard:
                self._thread = None

    async def _listen(self) -> None:
        self._ears = ears = Ears(self.heard)
        try:
            while self._rings:
                await asyncio.sleep(max(conf.STREAM_LINGER_SECONDS, 1.0))
        finally:
            self._ears = None
            await ears.close()

    def heard(self, moved: Moved) -> None:
        for run_pk in moved:
            for ring in tuple(self._rings.get(run_pk, ())):
                ring()


_hearing = _Hearing()
doorbell.listen(_hearing.heard)
os.register_at_fork(after_in_child=_hearing.__init__)  # type: ignore[misc]
