"""A websocket from its opening to its end: who is there, what is said, and why it is closed.

It is a plain ASGI application. A Channels consumer would subscribe to the channel layer for each
socket, and could not open while Redis is away; these all hear through the one hub.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import orjson
from channels.db import database_sync_to_async

from runs.access import Caller
from runs.conf import conf
from runs.exceptions import NotFound, PermissionDenied, RequestError, RunsError, SlowReader
from runs.streams import doors, messages
from runs.streams.doors import Scope
from runs.streams.outlet import Outlet, Send

Receive = Callable[[], Awaitable[dict[str, Any]]]

#: Seconds that a goodbye, and then the end of the connection, wait for somebody who does not read.
GOODBYE_SECONDS = 10.0

logger = logging.getLogger("runs.streams")


class Goodbye(Exception):
    """The socket is to be closed with this code, for this reason."""

    def __init__(self, code: int, reason: str, **more: Any) -> None:
        super().__init__(code, reason)
        self.code, self.reason, self.more = code, reason, more


class Closed(Exception):
    """The other side has gone."""


class Socket(ABC):
    """What all sockets do: let the caller in, tell, give signs of life, look again, say goodbye."""

    caller: Caller

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.sees_payload = False
        self._receive = receive
        self._outlet = Outlet(send, conf.STREAM_PATIENCE_SECONDS)

    @classmethod
    def as_asgi(cls) -> Any:
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await cls(scope, receive, send)._run()

        return application

    # --- what each kind does ------------------------------------------------------------------

    @abstractmethod
    def admit(self) -> None:
        """Look, in a thread, at what is asked for; raise what keeps the caller out."""

    @abstractmethod
    def check(self, before: Caller) -> None:
        """Look, in a thread, whether the caller, who was this before, may still be told."""

    @abstractmethod
    async def tell(self) -> None:
        """Say hello, and then everything there is to say."""

    @abstractmethod
    def place(self) -> dict[str, Any]:
        """Where to go on: heartbeats and the goodbye tell it."""

    async def say(self, text: str) -> None:
        await self._outlet.send({"type": "websocket.send", "text": text})

    # --- its life -----------------------------------------------------------------------------

    async def _run(self) -> None:
        await self._receive()
        if not doors.is_welcome(self.scope):
            await self._outlet.send({"type": "websocket.close"})
            return
        offered = self.scope.get("subprotocols") or ()
        chosen = doors.BEARER if doors.BEARER in offered else None
        await self._outlet.send({"type": "websocket.accept", "subprotocol": chosen})
        with self._outlet:
            try:
                await _first_of(self._hear(), self._serve())
            except Closed:
                return
            except Exception as error:
                await self._part(_goodbye(error))

    async def _serve(self) -> None:
        await database_sync_to_async(self._open)()
        await _first_of(self.tell(), self._beat())

    async def _hear(self) -> None:
        """Clients say nothing but that they go, and ``ping``."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                raise Closed
            if _is_ping(message.get("text")):
                await self.say(messages.heartbeat(**self.place()))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(conf.STREAM_HEARTBEAT_SECONDS)
            await database_sync_to_async(self._look_again)()
            await self.say(messages.heartbeat(**self.place()))

    async def _part(self, bye: Goodbye) -> None:
        """Say goodbye and close; who does not take even that is not waited for."""
        last = messages.goodbye(bye.code, bye.reason, **self.place(), **bye.more)
        logger.info("A websocket is closed, %s: %s", bye.reason, self.scope["path"])
        with suppress(SlowReader):
            goodbye = {"type": "websocket.send", "text": last}
            await self._outlet.send(goodbye, GOODBYE_SECONDS)
        await self._outlet.close({"type": "websocket.close", "code": bye.code}, GOODBYE_SECONDS)

    # --- rights -------------------------------------------------------------------------------

    def _open(self) -> None:
        self._let_in(doors.caller_of(self.scope))
        self.admit()

    def _look_again(self) -> None:
        before = self.caller
        self._let_in(doors.looks.caller_of(self.scope, conf.STREAM_HEARTBEAT_SECONDS / 2))
        self.check(before)

    def _let_in(self, caller: Caller | None) -> None:
        if caller is None:
            raise Goodbye(4401, "unauthorized")
        caller.require("view_run")
        self.caller, self.sees_payload = caller, caller.may("view_payload")


def _goodbye(error: Exception) -> Goodbye:
    match error:
        case Goodbye():
            return error
        case NotFound():
            return Goodbye(4404, "not-found")
        case PermissionDenied():
            return Goodbye(4403, "forbidden")
        case RequestError():
            return Goodbye(4400, "bad-request", message=error.message)
        case SlowReader():
            return Goodbye(4408, "slow-reader")
    if not isinstance(error, RunsError):
        logger.error("A websocket ended by a mistake", exc_info=error)
    return Goodbye(1011, "error")


def _is_ping(text: str | None) -> bool:
    try:
        message = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return False
    return isinstance(message, dict) and message.get("type") == "ping"


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Until the first of them ends; what it raises is raised, the others are ended."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
