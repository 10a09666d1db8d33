"""The doorbell: after a commit, whoever follows runs is told which of them moved.

It carries no news, only that there are some: run keys, each with the number of its next event. Who
hears it reads the tables. So a bell may get lost, come twice or late, and nothing is wrong but the
time it takes; followers look by themselves once a second, too.

Followers in this process are called directly. Those in other processes get one message over the
channel layer, sent by a thread of its own: a commit never waits for it. After a message the next
bells gather for a moment, so a flood of commits costs few messages; for a shorter one if somebody
may be waiting for a run that came to rest.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

#: Run keys, each with the number of its next event; 0 where only the run's row changed.
Moved = dict[int, int]
Listener = Callable[[Moved], None]

GROUP = "runs.doorbell"
MESSAGE = "runs.moved"
#: Seconds between two messages at least; what is rung meanwhile goes into the next one. The longer
#: gap is for runs that only got further, or began.
GAP_SECONDS, PROGRESS_GAP_SECONDS = 0.003, 0.008
#: Seconds a message may take, and how long a layer that failed is left alone.
PATIENCE_SECONDS, PAUSE_SECONDS = 2.0, 1.0
#: Runs in one message at most. Of more, the rest is left to those who look by themselves.
LARGEST = 5_000

logger = logging.getLogger("runs.doorbell")
_lock = threading.Lock()
_listeners: list[Listener] = []
_ringer: Ringer | None = None


def listen(listener: Listener) -> Callable[[], None]:
    """Call with what this process moves, in the thread that committed; returns what ends it."""
    with _lock:
        _listeners.append(listener)

    def stop() -> None:
        with _lock:
            if listener in _listeners:
                _listeners.remove(listener)

    return stop


def ring(moved: Mapping[int, int], *, urgent: bool = True) -> None:
    """Tell that runs moved. Call it after the commit; it returns at once and never raises.

    It is not urgent if none of them came to rest.
    """
    if not moved:
        return
    for listener in tuple(_listeners):
        try:
            listener(dict(moved))
        except Exception:
            logger.exception("A listener of the doorbell raised")
    if shared_layer() is not None:
        _current_ringer().ring(moved, urgent=urgent)


def shared_layer() -> Any:
    """The channel layer, if it reaches other processes; else None."""
    layer = get_channel_layer()
    return None if isinstance(layer, InMemoryChannelLayer) else layer


class Ringer:
    """The thread that sends what this process has to tell the others."""

    def __init__(self) -> None:
        self._moved: Moved = {}
        self._guard = threading.Lock()
        self._rung, self._urged = threading.Event(), threading.Event()
        self._silent = False
        threading.Thread(target=self._work, name="runs-doorbell", daemon=True).start()

    def ring(self, moved: Mapping[int, int], *, urgent: bool = True) -> None:
        with self._guard:
            for run_pk, seq in moved.items():
                if len(self._moved) < LARGEST or run_pk in self._moved:
                    self._moved[run_pk] = max(seq, self._moved.get(run_pk, 0))
        if urgent and not self._urged.is_set():
            self._urged.set()
        if not self._rung.is_set():  # setting it anew costs more than all of the above
            self._rung.set()

    @property
    def is_ringing(self) -> bool:
        """Whether something is still to be sent."""
        return self._rung.is_set()

    def _work(self) -> None:
        loop = asyncio.new_event_loop()
        while True:
            self._rung.wait()
            self._rung.clear()
            self._urged.clear()
            with self._guard:
                moved, self._moved = self._moved, {}
            time.sleep(GAP_SECONDS if self._send(loop, moved) else PAUSE_SECONDS)
            self._urged.wait(PROGRESS_GAP_SECONDS - GAP_SECONDS)

    def _send(self, loop: asyncio.AbstractEventLoop, moved: Moved) -> bool:
        """Send one message; a layer that is away is worth one line in the log."""
        message = {"type": MESSAGE, "runs": [list(pair) for pair in moved.items()]}
        try:
            loop.run_until_complete(_send(message))
        except Exception as error:
            if not self._silent:
                logger.warning("The doorbell is silent, followers look by themselves: %s", error)
            self._silent = True
            return False
        if self._silent:
            logger.warning("The doorbell rings again")
        self._silent = False
        return True


async def _send(message: dict[str, Any]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await shared_layer().group_send(GROUP, message)


def _current_ringer() -> Ringer:
    """This process's ringer, started with the first bell."""
    global _ringer
    if _ringer is None:
        with _lock:
            if _ringer is None:
                _ringer = Ringer()
    return _ringer


def _forget_ringer() -> None:
    """A forked child has no threads of its parent's; nor whoever holds its lock."""
    global _lock, _ringer
    _lock, _ringer = threading.Lock(), None


os.register_at_fork(after_in_child=_forget_ringer)
