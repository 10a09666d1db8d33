"""Websockets of a real server: nothing is lost while Redis is away, and nobody fills its memory."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.acceptance.conftest import prepare
from tests.acceptance.serving import PATIENCE_SECONDS, Served
from tests.store.waiting import Background, until

pytestmark = pytest.mark.acceptance
Json = dict[str, Any]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated: bytes) -> Iterator[Served]:
    """One server for all tests here; it cuts who has not read for some seconds."""
    data = tmp_path_factory.mktemp("streams") / "data"
    prepare(data, migrated)
    served = Served(data, RUNS_API_PUBLIC="1", RUNS_STREAM_PATIENCE_SECONDS="5")
    try:
        served.becomes_healthy()
        yield served
    finally:
        served.clean_up()


START = """
from runs import get_workflow
for name in ("a", "b", "c"):
    run = get_workflow("long-job").create_run(run_id=name)
    run.start_async(input_data={"chunks": 80, "delayMs": 25})
"""

#: Events of 5 kB each, far more than the buffers between two processes hold.
FLOOD = """
from runs.engine.events import Event
from runs.models import Run, Workflow
from runs.store import ledger
from runs.store.ledger import Write

Workflow.objects.get_or_create(id="long-job")
run = Run.objects.create(workflow_id="long-job", run_id="flood", status="suspended")
for at in range(0, 4000, 200):
    own = {"step": "s", "output": "x" * 5000}
    events = [Event("workflow-step-output", "s", 1, 1000, own, n) for n in range(at, at + 200)]
    ledger.append_one(Write(run.pk, 1, 0, (), events))
"""


@contextmanager
def connected(served: Served, path: str, **options: Any) -> Iterator[ClientConnection]:
    address = f"{served.url.replace('http', 'ws', 1)}{path}"
    with connect(address, open_timeout=PATIENCE_SECONDS, max_size=None, **options) as client:
        yield client


def told(served: Served, run_id: str, seen: list[int]) -> list[int]:
    """The numbers of all events of a run until it succeeded, as they come."""
    with connected(served, f"ws/runs/long-job/{run_id}/") as client:
        while True:
            message: Json = json.loads(client.recv(PATIENCE_SECONDS))
            if message["type"] == "event":
                seen.append(message["seq"])
            elif message.get("status") == "success" and message["type"] == "status":
                return seen


def read_to_the_end(client: ClientConnection) -> list[Json]:
    said: list[Json] = []
    try:
        while True:
            said.append(json.loads(client.recv(PATIENCE_SECONDS)))
    except ConnectionClosed:
        return said


def test_no_event_is_lost_or_doubled_while_valkey_is_killed(served: Served) -> None:
    seen: dict[str, list[int]] = {name: [] for name in ("a", "b", "c")}
    served.shell(START)
    readers = [Background(lambda n=name: told(served, n, seen[n])) for name in seen]
    until(lambda: all(len(numbers) > 10 for numbers in seen.values()), seconds=PATIENCE_SECONDS)

    os.kill(served.valkey(), signal.SIGKILL)

    numbers = [reader.outcome(PATIENCE_SECONDS) for reader in readers]
    # The start and the finish, the start and the result of two steps, and what one of them wrote.
    assert numbers == [list(range(2 + 4 + 80))] * 3


@pytest.fixture(scope="module")
def flood(served: Served) -> None:
    served.shell(FLOOD)


def narrow(served: Served) -> socket.socket:
    """A connection that takes little at a time."""
    server = urlsplit(served.url)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    made.connect((server.hostname, server.port))
    made.settimeout(PATIENCE_SECONDS)
    return made


@pytest.mark.usefixtures("flood")
def test_who_does_not_read_is_cut_and_told_where_to_go_on(served: Served) -> None:
    path = "ws/runs/long-job/flood/"
    with connected(served, path, sock=narrow(served), max_queue=1) as client:
        until(lambda: "slow-reader" in served.output, seconds=PATIENCE_SECONDS)
        said = read_to_the_end(client)
        code = client.close_code

    numbers = [message["seq"] for message in said if message["type"] == "event"]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) < 4000
    assert said[-1]["next"] == len(numbers)
    assert (said[-1]["reason"], said[-1]["code"], code) == ("slow-reader", 4408, 4408)


def own_memory(process: psutil.Process) -> int:
    """Bytes without those of files that are mapped, as SQLite does with the database."""
    taken = process.memory_info()
    return int(taken.rss - taken.shared)


@pytest.mark.usefixtures("flood")
def test_the_server_keeps_little_for_a_reader_of_a_stream_that_does_not_read(
    served: Served,
) -> None:
    web = psutil.Process(served.web())
    before = own_memory(web)
    readers = [narrow(served) for _ in range(5)]

    for reader in readers:
        reader.sendall(
            b"POST /api/workflows/long-job/observe?runId=flood HTTP/1.1\r\n"
            b"Host: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        reader.recv(1)
    # A sixth reader gets everything meanwhile, so there was time to give the others as much.
    with urllib.request.urlopen(
        urllib.request.Request(
            f"{served.url}api/workflows/long-job/observe?runId=flood", method="POST"
        ),
        timeout=PATIENCE_SECONDS,
    ) as answer:
        frames = answer.read().split(b"\x1e")
    kept = own_memory(web) - before
    for reader in readers:
        reader.close()

    assert len(frames) == 4001
    assert kept < 4000 * 5000 * 2  # of five times as much
