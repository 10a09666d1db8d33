"""Sending no faster than the other side reads.

An ASGI server may let ``send`` wait until the bytes are on their way; daphne does not, it keeps
what the network does not take. So daphne's transport itself is asked: it says when it is full and
when it has room again, to whoever is registered as its producer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from runs.exceptions import SlowReader

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Outlet:
    """A connection's ``send`` that waits for room; use it as a context."""

    def __init__(self, send: Send, patience_seconds: float) -> None:
        self._send = send
        self._patience = patience_seconds
        self._room = asyncio.Event()
        self._room.set()
        # daphne binds the protocol of the connection as the first argument of its `send`.
        bound = getattr(send, "args", None)
        self._protocol = bound[0] if bound and hasattr(bound[0], "registerProducer") else None

    async def send(self, message: dict[str, Any], patience_seconds: float | None = None) -> None:
        """Send when there is room; SlowReader when there is none for too long."""
        if self._protocol is not None and self._room.is_set():
            await self._send(message)
            return
        try:
            async with asyncio.timeout(patience_seconds or self._patience):
                await self._room.wait()
                await self._send(message)
        except TimeoutError:
            raise SlowReader from None

    async def close(self, message: dict[str, Any], patience_seconds: float) -> None:
        """End a websocket, room or none; it is cut off if that is not answered in time.

        Left alone, autobahn waits one second and then throws away what is still on its way.
        """
        if self._protocol is not None and hasattr(self._protocol, "closeHandshakeTimeout"):
            self._protocol.closeHandshakeTimeout = patience_seconds
        await self._send(message)

    def __enter__(self) -> Outlet:
        if self._protocol is not None:
            if hasattr(self._protocol, "sendMessage"):
                # A websocket: what upgraded to it is still registered, and needed no more.
                self._protocol.unregisterProducer()
            self._protocol.registerProducer(self, True)
        return self

    def __exit__(self, *_: object) -> None:
        protocol, self._protocol = self._protocol, None
        # A request that was cut off has no channel any more.
        if protocol is not None and getattr(protocol, "channel", protocol) is not None:
            protocol.unregisterProducer()

    # --- called by the transport --------------------------------------------------------------

    def pauseProducing(self) -> None:
        self._room.clear()

    def resumeProducing(self) -> None:
        self._room.set()

    def stopProducing(self) -> None:
        """The connection is gone; whoever waits will learn that otherwise."""
        self._room.set()
