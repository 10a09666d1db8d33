"""Answers that take their time: the outcome of runs, and streams of events.

A view only begins what was asked for; then its thread is free. What comes after that is one of
these. They wait at the hub, on the event loop, so a thousand of them cost no thread and no polling.
Where there is no such loop (WSGI, Django's test client) ``blocking`` does the same in the view's
thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

import orjson
from asgiref.sync import async_to_sync
from django.db import close_old_connections
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from runs.access import without_payloads
from runs.api.errors import body_of
from runs.engine import events
from runs.engine.journal import Status
from runs.exceptions import NoWorkers, RunNotFound, RunsError, SlowReader
from runs.store.news import Told
from runs.streams.follower import Follower
from runs.streams.hub import current_hub
from runs.streams.states import State

Json = Any
JSON, TEXT = "application/json", "text/plain"
#: Ends each event of a stream.
SEPARATOR = b"\x1e"
#: Seconds of silence after which a stream sends a lone separator, which clients skip.
SILENCE_SECONDS = 15.0
#: Events that are there at once are sent as one, up to about so many bytes.
PIECE_BYTES = 64 * 1024
#: Events taken at once from those that wait, at most.
BATCH = 32
#: Seconds for which a call waits for workers that are only just starting, and between two looks.
WORKERS_PATIENCE, WORKERS_PAUSE = 30.0, 0.5


@dataclass(frozen=True, slots=True)
class Reply:
    """The head of an answer, and its body as it comes."""

    status: int
    content_type: str
    chunks: AsyncIterator[bytes]


class Continuation(Protocol):
    async def reply(self) -> Reply: ...

    def blocking(self) -> HttpResponseBase: ...


# --- outcomes --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """Waits until nobody works on these runs any more; then ``read`` says what to answer."""

    run_pks: Sequence[int]
    read: Callable[[], Json]

    async def reply(self) -> Reply:
        try:
            for run_pk in self.run_pks:
                await _until_still(run_pk)
            loop = asyncio.get_running_loop()
            shown = await loop.run_in_executor(_readers, _closing, self.read)
            return Reply(200, JSON, _once(shown))
        except RunsError as error:
            return Reply(error.status, JSON, _once(body_of(error)))

    def blocking(self) -> HttpResponseBase:
        return async_to_sync(self._blocking)()

    async def _blocking(self) -> HttpResponse:
        reply = await self.reply()
        body = b"".join([chunk async for chunk in reply.chunks])
        return HttpResponse(body, status=reply.status, content_type=reply.content_type)


async def _until_still(run_pk: int) -> None:
    deadline = time.monotonic() + WORKERS_PATIENCE
    while True:
        try:
            await current_hub().until_still(run_pk)
            return
        except NoWorkers:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(WORKERS_PAUSE)


#: Threads that keep their connection, as far as CONN_MAX_AGE lets them.
_readers = ThreadPoolExecutor(4, "runs-outcome")


def _closing(read: Callable[[], Json]) -> Json:
    """Read, and leave no connection behind that is not to be kept."""
    try:
        return read()
    finally:
        close_old_connections()


async def _once(value: Json) -> AsyncIterator[bytes]:
    yield orjson.dumps(value)


# --- streams ---------------------------------------------------------------------------------

#: When a stream ends: with the execution that it shows, with the run (it stays open while the run
#: is suspended), or as soon as nothing happens any more.
AT_FINISH: Final = "finish"
AT_END: Final = "end"
AT_REST: Final = "rest"


@dataclass(slots=True)
class Stream:
    """The events of a run from ``offset`` on."""

    run_pk: int
    offset: int
    until: str
    #: Whether whoever reads it may see what steps hold.
    shows_payloads: bool = True

    async def reply(self) -> Reply:
        return Reply(200, TEXT, self.chunks())

    def blocking(self) -> HttpResponseBase:
        return StreamingHttpResponse(_on_own_loop(self.chunks), content_type=TEXT)

    async def chunks(self) -> AsyncIterator[bytes]:
        follower = current_hub().follower(self.run_pk, self.offset, states=True)
        try:
            async with follower:
                async for items in _batches(follower):
                    for piece in self._pieces(items):
                        if piece is None:
                            return
                        yield piece
        except (RunNotFound, SlowReader):
            return  # deleted, or nobody reads: all that is left to say is the end

    def _pieces(self, items: Sequence[Told | State]) -> Iterator[bytes | None]:
        """What to send for them, in as few pieces as are not too large; None is the end."""
        waiting = bytearray(b"" if items else SEPARATOR)
        for item in items:
            ends = self._ends_with(item)
            if isinstance(item, Told) and self._shows(item):
                waiting += frame_of(item, payload=self.shows_payloads)
            if waiting and (ends or len(waiting) > PIECE_BYTES):
                yield bytes(waiting)
                waiting.clear()
            if ends:
                yield None
                return
        if waiting:
            yield bytes(waiting)

    def _shows(self, told: Told) -> bool:
        if self.until != AT_END:
            return True
        return not _pauses(told) and (told.type != events.START or told.seq == self.offset)

    def _ends_with(self, item: Told | State) -> bool:
        if isinstance(item, State):
            return self._ends_with_state(item)
        return self._ends_with_event(item)

    def _ends_with_event(self, told: Told) -> bool:
        if self.until == AT_REST or told.type != events.FINISH:
            return False
        return self.until == AT_FINISH or not _pauses(told)

    def _ends_with_state(self, state: State) -> bool:
        return state.still and not (self.until == AT_END and state.status == Status.SUSPENDED)


def _pauses(told: Told) -> bool:
    """Whether it says that the run waits for an answer now."""
    if told.type != events.FINISH:
        return False
    return bool(told.event["payload"]["workflowStatus"] == Status.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The stream of a call whose data did not fit: it starts, and finishes failed."""

    events: Sequence[dict[str, Json]]

    async def reply(self) -> Reply:
        return Reply(200, TEXT, self.chunks())

    def blocking(self) -> HttpResponseBase:
        return HttpResponse(b"".join(map(frame, self.events)), content_type=TEXT)

    async def chunks(self) -> AsyncIterator[bytes]:
        for event in self.events:
            yield frame(event)


def frame(event: dict[str, Json]) -> bytes:
    return orjson.dumps(event) + SEPARATOR


#: The frame of an event, made once for all who follow: without payloads, and with.
_frames: tuple[WeakKeyDictionary[Told, bytes], ...] = (WeakKeyDictionary(), WeakKeyDictionary())


def frame_of(told: Told, *, payload: bool) -> bytes:
    frames = _frames[payload]
    made = frames.get(told)
    if made is None:
        made = frames[told] = frame(told.event if payload else without_payloads(told.event))
    return made


async def _batches(follower: Follower) -> AsyncIterator[Sequence[Told | State]]:
    """What the follower gets, as much as there is at once; nothing when it was silent for long."""
    items = aiter(follower)
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                first = await anext(items)
        except TimeoutError:
            items = aiter(follower)  # the one that was interrupted has ended
            yield ()
        except StopAsyncIteration:
            return
        else:
            yield (first, *follower.take_ready(BATCH - 1))


def _on_own_loop(chunks: Callable[[], AsyncIterator[bytes]]) -> Iterator[bytes]:
    """The chunks one by one, on an event loop that exists for them alone."""
    with asyncio.Runner() as runner:
        found = chunks()
        while (chunk := runner.run(_next(found))) is not None:
            yield chunk


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)
