"""Hearing the doorbell: of this process at once, of others over the channel layer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from runs.store import doorbell
from runs.store.doorbell import Moved

logger = logging.getLogger("runs.doorbell")
#: Seconds until a layer that failed is asked again.
PAUSE_SECONDS = 1.0
#: Seconds after which to join the group anew; layers forget who joined long ago.
REJOIN_SECONDS = 3600.0


class Ears:
    """Calls ``heard`` on the loop that made it, until it is closed."""

    def __init__(self, heard: Callable[[Moved], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard = heard
        #: Whether other processes are heard at this moment, too.
        self.are_open = False
        self._stop = doorbell.listen(self._here)
        layer = doorbell.shared_layer()
        self._task = None if layer is None else asyncio.ensure_future(self._listen(layer))

    def _here(self, moved: Moved) -> None:
        """Called in the thread that committed."""
        with suppress(RuntimeError):  # the loop has just been closed
            self._loop.call_soon_threadsafe(self._heard, moved)

    async def _listen(self, layer: Any) -> None:
        silent = False
        while True:
            try:
                channel = await layer.new_channel("runs.")
                await layer.group_add(doorbell.GROUP, channel)
                silent, self.are_open = False, True
                with suppress(TimeoutError):
                    async with asyncio.timeout(REJOIN_SECONDS):
                        await self._receive(layer, channel)
                await layer.group_discard(doorbell.GROUP, channel)
            except Exception as error:
                self.are_open = False
                if not silent:
                    logger.warning("The doorbell cannot be heard, looking instead: %s", error)
                silent = True
                await asyncio.sleep(PAUSE_SECONDS)

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            self._heard({int(run_pk): int(seq) for run_pk, seq in message["runs"]})

    async def close(self) -> None:
        self._stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
