"""What the hub and the digests have in common: work on the loop while anybody needs it."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ClassVar

from django.db import connection

from runs.store.doorbell import Moved
from runs.store.ears import Ears

logger = logging.getLogger("runs.streams")


class Service(ABC):
    """A task, a thread with a connection, and ears for the doorbell; none of them while idle."""

    thread_name: ClassVar[str]

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._reader: ThreadPoolExecutor | None = None

    @property
    def is_idle(self) -> bool:
        return self._task is None

    @property
    @abstractmethod
    def is_needed(self) -> bool: ...

    @abstractmethod
    async def _work(self) -> None:
        """Work until nobody needs it any more."""

    @abstractmethod
    def _heard(self, moved: Moved) -> None: ...

    @abstractmethod
    def _end_all(self, error: Exception) -> None:
        """Tell everybody who waits that nothing will come."""

    def _wake(self) -> None:
        self._news.set()
        if self._task is None and self.is_needed:
            self._task = asyncio.ensure_future(self._serve())

    async def _news_until(self, moment: float) -> None:
        """Wait for news, at most until then (in the loop's time)."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(moment):
                await self._news.wait()
        self._news.clear()

    async def _serve(self) -> None:
        ears, reader = Ears(self._heard), ThreadPoolExecutor(1, self.thread_name)
        self._reader = reader
        try:
            await self._work()
        except Exception as error:  # a mistake of ours; nobody is left waiting for ever
            logger.exception("%s stopped", type(self).__name__)
            self._end_all(error)
        finally:
            self._task = None
            reader.submit(lambda: connection.close())  # looked up there: it is that thread's
            reader.shutdown()
            await ears.close()

    async def _ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something that reads tables, in the thread for that; None when they are away."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._reader, _kept, function, *arguments)
        except Exception as error:
            logger.warning("What is followed could not be read, trying again: %s", error)
            return None


def _kept(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call, on a connection that is kept from call to call until it breaks."""
    try:
        return function(*arguments)
    except BaseException:
        connection.close()
        raise
