"""Threads for requests, kept from one request to the next.

Django gives each request a thread of its own and forgets it afterwards, and its database connection
with it: the next request opens the database anew. Here a thread that is free again is given the
next request, so its connection is there already (as long as CONN_MAX_AGE lets it be).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from asgiref.sync import ThreadSensitiveContext
from django.db import connections

#: Free threads that are kept at most; there are as many as there are requests at a time.
KEPT = 8


class RequestThreads:
    """Use it from one event loop."""

    def __init__(self) -> None:
        self._free: list[ThreadPoolExecutor] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Inside, thread-sensitive calls go to one thread, which nobody else uses meanwhile."""
        # The one that was used last: of many threads that a moment needed, few stay in use.
        thread = self._free.pop() if self._free else ThreadPoolExecutor(1, "runs-request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                yield
        finally:
            thread.submit(self._take_back, thread)  # when it has ended whatever it still does

    def _take_back(self, thread: ThreadPoolExecutor) -> None:
        """Called in that thread."""
        if len(self._free) < KEPT:
            self._free.append(thread)
        else:
            connections.close_all()
            thread.shutdown(wait=False)
