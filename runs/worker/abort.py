"""The abort signal: tells a body that its run was canceled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable


class AbortSignal:
    """Fires once and stays fired. Threads and coroutines may wait on it alike."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def aborted(self) -> bool:
        return self._event.is_set()

    def fire(self) -> None:
        with self._lock:
            self._event.set()
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when it fires, at once if it has; from the thread that fires it."""
        with self._lock:
            if not self._event.is_set():
                self._listeners.append(listener)
                return
        listener()

    def wait_aborted(self, timeout_seconds: float | None = None) -> bool:
        """Block until it fires or the time is over; answer whether it fired."""
        return self._event.wait(timeout_seconds)

    async def await_aborted(self, timeout_seconds: float | None = None) -> bool:
        """Wait on the event loop until it fires or the time is over; answer whether it fired."""
        loop, fired = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(fired.set)

        self.listen(wake)
        try:
            await asyncio.wait_for(fired.wait(), timeout_seconds)
        except TimeoutError:
            return False
        finally:
            self._forget(wake)
        return True

    def _forget(self, listener: Callable[[], None]) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)
