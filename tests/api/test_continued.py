"""What comes after Django's part of a request: awaited outcomes and streams, on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from pytest_django import Settings

from project.asgi import application
from runs import get_workflow
from runs.access import create_token
from runs.api.threads import KEPT
from runs.models import Run, WorkerProcess
from runs.streams.hub import current_hub
from tests.store.waiting import DEADLINE

pytestmark = pytest.mark.django_db(transaction=True)
W = "/api/workflows/greet-customer"
GREETING = {"name": "ada", "language": "en"}


@pytest.fixture
def token(root: User) -> str:
    return create_token(root)[1]


class Request:
    """One HTTP request to the ASGI application, answered message by message."""

    def __init__(self, token: str, path: str, body: Any = None, **headers: str) -> None:
        path, _, query = path.partition("?")
        given = {"authorization": f"Bearer {token}", "host": "localhost"} | headers
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        self._body = b"" if body is None else orjson.dumps(body)
        self.communicator = ApplicationCommunicator(application, scope)

    async def start(self) -> tuple[int, dict[str, str]]:
        await self.communicator.send_input({"type": "http.request", "body": self._body})
        head = await self.communicator.receive_output(timeout=DEADLINE)
        headers = {name.decode().lower(): value.decode() for name, value in head["headers"]}
        return head["status"], headers

    async def chunks(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self.communicator.receive_output(timeout=DEADLINE)
            yield message["body"]
            more = message.get("more_body", False)

    async def text(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])

    async def leave(self) -> None:
        await self.communicator.send_input({"type": "http.disconnect"})
        await self.communicator.wait(timeout=DEADLINE)


def background(run_id: str = "g") -> Run:
    """A run that is going on and waits for a worker, of which there is none."""
    run = get_workflow("greet-customer").create_run(run_id=run_id, execution="background")
    run.start_async(GREETING)
    return run


async def idle() -> bool:
    return await soon(lambda: current_hub().is_idle)


async def soon(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true, within the time that tests wait for anything."""
    end = asyncio.get_running_loop().time() + DEADLINE
    while not condition() and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.02)
    return condition()


async def test_an_outcome_is_sent_with_the_headers_that_middleware_has_set(token: str) -> None:
    origin = {"origin": "http://localhost:4111"}
    request = Request(token, f"{W}/start-async?runId=g", {"inputData": GREETING}, **origin)

    status, headers = await request.start()
    answer = orjson.loads(await request.text())

    assert (status, answer["result"]["greeting"]) == (200, "Hello, Ada!")
    assert headers["content-type"] == "application/json"
    assert headers["access-control-allow-origin"] == "http://localhost:4111"
    assert "content-length" not in headers
    assert await idle()


async def test_what_is_there_at_once_is_sent_at_once_and_each_event_ends_with_the_separator(
    token: str,
) -> None:
    request = Request(token, f"{W}/stream?runId=g", {"inputData": GREETING})

    status, headers = await request.start()
    *chunks, last = [chunk async for chunk in request.chunks()]

    assert (status, headers["content-type"], last) == (200, "text/plain", b"")
    assert len(chunks) <= 6
    assert {chunk[-1:] for chunk in chunks} == {b"\x1e"}
    told = [orjson.loads(one) for one in b"".join(chunks).split(b"\x1e")[:-1]]
    assert [one["type"].removeprefix("workflow-") for one in told] == [
        "start",
        *["step-start", "step-result"] * 2,
        "finish",
    ]


async def test_a_long_history_is_sent_in_pieces_that_are_not_too_large(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.api.continuation.PIECE_BYTES", 300)
    started = Request(token, f"{W}/start-async?runId=g", {"inputData": GREETING})
    await started.start()
    await started.text()

    request = Request(token, f"{W}/observe?runId=g")
    await request.start()
    *chunks, _ = [chunk async for chunk in request.chunks()]

    assert len(chunks) > 1
    assert b"".join(chunks).count(b"\x1e") == 6


async def test_errors_before_the_first_byte_are_ordinary_answers(token: str) -> None:
    request = Request(token, f"{W}/observe?runId=nope")

    status, _ = await request.start()

    assert status == 404
    assert orjson.loads(await request.text())["error"] == "Workflow run not found"


async def test_open_streams_hold_no_thread_and_go_on_when_events_come(token: str) -> None:
    run = await sync_to_async(background)()
    before = threading.active_count()
    requests = [Request(token, f"{W}/observe?runId=g") for _ in range(20)]

    for request in requests:
        assert (await request.start())[0] == 200
    first = [await anext(request.chunks()) for request in requests]

    assert {orjson.loads(chunk[:-1])["type"] for chunk in first} == {"workflow-start"}
    # Those of the hub, and those kept for the next requests, however many follow.
    assert await soon(lambda: threading.active_count() - before <= 3 + KEPT)
    await run.acancel()
    rest = [await request.text() for request in requests]
    assert {orjson.loads(text.split(b"\x1e")[-2])["type"] for text in rest} == {"workflow-finish"}
    assert await idle()


async def test_a_client_that_leaves_takes_nothing_along(token: str, settings: Settings) -> None:
    settings.RUNS_EXECUTION = "background"
    settings.RUNS_WORKER_TIMEOUT_SECONDS = 4 * DEADLINE
    await WorkerProcess.objects.acreate(id="elsewhere", host="h", pid=1, slots=1)
    run = await sync_to_async(background)()
    streaming = Request(token, f"{W}/observe?runId=g")
    assert (await streaming.start())[0] == 200
    await anext(streaming.chunks())
    waiting = Request(token, f"{W}/restart-async?runId=g")
    await waiting.communicator.send_input({"type": "http.request", "body": b""})
    assert await soon(lambda: any(t.waiters for t in current_hub()._topics.values()))

    await streaming.leave()
    await waiting.leave()

    assert await idle()
    await run.arefresh_from_db()
    assert run.status == "running"


async def test_a_stream_ends_when_its_run_is_deleted(token: str) -> None:
    run = await sync_to_async(background)()
    request = Request(token, f"{W}/observe?runId=g")
    assert (await request.start())[0] == 200
    await anext(request.chunks())

    await run.adelete()

    assert await request.text() == b""
