"""The part of a request that comes after Django.

Every request holds a thread as long as Django's handler works on it. A view whose answer takes its
time (see ``continuation``) therefore only leaves word of it in the request's scope. When Django is
done with the request, its thread and its database connection are free, and this wrapper sends the
answer from the event loop: with the headers that Django's middleware had set, so authentication,
CORS and the rest are Django's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from runs.api.continuation import Continuation, Reply
from runs.api.threads import RequestThreads
from runs.api.view import CONTINUATION, CONTINUES
from runs.conf import conf
from runs.exceptions import SlowReader
from runs.streams.outlet import Outlet

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

#: Headers of the empty answer that Django gave; the real one has its own.
_REPLACED = frozenset({b"content-length", b"content-type"})


class Continued:
    """Wraps Django's ASGI application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._threads = RequestThreads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[CONTINUES] = True
        head: list[Message] = []

        async def hold(message: Message) -> None:
            """Pass on, unless the answer is to come from elsewhere."""
            if CONTINUATION not in scope:
                await send(message)
            elif message["type"] == "http.response.start":
                head.append(message)

        async with self._threads.one():
            await self._app(scope, receive, hold)
        if head:  # else the client has gone while Django worked
            await _send_unless_gone(scope[CONTINUATION], head[0], receive, send)


async def _send_unless_gone(
    continuation: Continuation, head: Message, receive: Receive, send: Send
) -> None:
    """Send the answer; stop when the client goes. The runs it is about do not care."""
    sending = asyncio.ensure_future(_send(continuation, head, send))
    leaving = asyncio.ensure_future(_client_goes(receive))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
    with suppress(asyncio.CancelledError):
        await sending


async def _client_goes(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(continuation: Continuation, head: Message, send: Send) -> None:
    reply = await continuation.reply()
    await send({**head, "status": reply.status, "headers": _headers(head, reply)})
    try:
        with Outlet(send, conf.STREAM_PATIENCE_SECONDS) as outlet, suppress(SlowReader):
            async for chunk in reply.chunks:
                await outlet.send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        await reply.chunks.aclose()  # type: ignore[attr-defined]
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _headers(head: Message, reply: Reply) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in head["headers"] if name.lower() not in _REPLACED]
    return [
        *kept,
        (b"Content-Type", reply.content_type.encode()),
        (b"Cache-Control", b"no-store, no-transform"),
        (b"X-Accel-Buffering", b"no"),
    ]
