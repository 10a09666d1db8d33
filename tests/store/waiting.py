"""Waiting in tests: for something that happens in another thread, never longer than it may take."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

#: Seconds after which whatever was waited for counts as not happening. It costs nothing when it
#: happens, and a machine that is busy with other things takes its time.
DEADLINE = 30.0


def until(condition: Callable[[], Any], what: str = "", seconds: float = DEADLINE) -> Any:
    """Ask again and again until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not after {seconds:g} s: {what or condition}"
        time.sleep(0.005)
    return answer


class Gate:
    """A place in a body where it stops until the test lets it go on."""

    def __init__(self) -> None:
        self._reached = threading.Semaphore(0)
        self._opened = threading.Event()

    def pass_by(self) -> None:
        """Called by a body that only wants to be seen."""
        self._reached.release()

    def stop(self) -> None:
        """Called by a body that waits here."""
        self._reached.release()
        # The test may wait for several things, one after another, before it opens the gate.
        assert self._opened.wait(4 * DEADLINE), "nobody opened the gate"

    async def astop(self) -> None:
        self._reached.release()
        while not self._opened.is_set():
            await asyncio.sleep(0.005)

    def wait_reached(self, times: int = 1) -> None:
        for _ in range(times):
            assert self._reached.acquire(timeout=DEADLINE), "no body has come to the gate"

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    def open(self) -> None:
        self._opened.set()


class Stopwatch:
    """Measures how long something takes without the times in which the machine let us wait.

    While inside, a thread that only sleeps notes when it woke up late: then nothing in this process
    got on, which is no fault of what is measured.
    """

    _TICK = 0.01

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._stalls: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Stopwatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        is_over = False
        while not is_over:
            due = time.monotonic() + self._TICK
            is_over = self._ended.wait(self._TICK)
            if (now := time.monotonic()) > due:
                self._stalls.append((due, now))

    def seconds(self, began: float, ended: float) -> float:
        """Seconds between two monotonic moments, both of them inside; to be asked afterwards."""
        parts = (min(end, ended) - max(start, began) for start, end in self._stalls)
        return ended - began - sum(part for part in parts if part > 0)


class Background:
    """A call in a thread of its own; ``outcome()`` is what it returned, or the error it raised."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._outcome: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._outcome = self._function()
        except Exception as error:
            self._outcome = error
        finally:
            connection.close()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def outcome(self, seconds: float = DEADLINE) -> Any:
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"the call has not returned after {seconds:g} s"
        return self._outcome


def together(*functions: Callable[[], Any]) -> list[Any]:
    """Call all at the same moment, each in a thread; what they returned or raised, in order."""
    barrier = threading.Barrier(len(functions))

    def at_once(function: Callable[[], Any]) -> Callable[[], Any]:
        def call() -> Any:
            barrier.wait(DEADLINE)
            return function()

        return call

    calls = [Background(at_once(function)) for function in functions]
    return [call.outcome() for call in calls]
