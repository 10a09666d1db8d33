"""A websocket of ours, as a client in the test has it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from channels.testing import WebsocketCommunicator

from runs.access import create_token
from runs.streams.routing import websockets
from tests.store.waiting import DEADLINE

Json = dict[str, Any]


class Client:
    """What has been said to it, message by message."""

    def __init__(self, path: str, headers: dict[str, str], subprotocols: list[str]) -> None:
        given = {"host": "localhost:8000"} | headers
        self._socket = WebsocketCommunicator(
            websockets,
            path,
            headers=[(name.encode(), value.encode()) for name, value in given.items()],
            subprotocols=subprotocols,
        )
        self.subprotocol: str | None = None

    async def open(self) -> bool:
        accepted, said = await self._socket.connect(DEADLINE)
        self.subprotocol = said if accepted else None
        return bool(accepted)

    async def next(self) -> Json:
        """The next message; the end is told as ``{"type": "close", "code": ...}``."""
        message = await self._socket.receive_output(DEADLINE)
        if message["type"] == "websocket.close":
            return {"type": "close", "code": message.get("code", 1000)}
        return dict(json.loads(message["text"]))

    async def until(self, condition: Callable[[Json], bool]) -> list[Json]:
        """The messages up to the first that fits."""
        said = [await self.next()]
        while not condition(said[-1]):
            said.append(await self.next())
        return said

    async def rest(self) -> list[Json]:
        """All messages until the server closes."""
        return await self.until(lambda message: message["type"] == "close")

    async def say(self, message: Any) -> None:
        await self._socket.send_to(text_data=json.dumps(message))

    async def leave(self) -> None:
        with suppress(asyncio.CancelledError):
            await self._socket.disconnect(timeout=DEADLINE)


def token_of(user: Any, **options: Any) -> dict[str, str]:
    """The header of a new token of that user."""
    return {"authorization": f"Bearer {create_token(user, **options)[1]}"}


@asynccontextmanager
async def connected(
    path: str, headers: dict[str, str] | None = None, subprotocols: list[str] | None = None
) -> AsyncIterator[Client]:
    client = Client(path, headers or {}, subprotocols or [])
    assert await client.open()
    try:
        yield client
    finally:
        await client.leave()


async def refused(
    path: str, headers: dict[str, str] | None = None, subprotocols: list[str] | None = None
) -> Json:
    """The goodbye of a socket that is closed at once."""
    async with connected(path, headers, subprotocols) as client:
        *_, goodbye, close = await client.rest()
    assert (goodbye["type"], close["code"]) == ("goodbye", goodbye["code"])
    return goodbye


def is_type(name: str) -> Callable[[Json], bool]:
    return lambda message: message["type"] == name
