"""How long after a step has ended do those who follow know?

One server as ``manage.py serve`` starts it: daphne, two worker processes, Valkey, SQLite. To it as
many websockets and as many HTTP streams as are asked for, one of each for every run. The runs wait
for an answer; then they get theirs, so many a second, and go through four steps. Each step puts out
the moment at which it ended, by a clock that all processes of a machine share; what is measured is
the time until the event with that output is in the client.

    python -m benchmarks.streams --sockets 1000 --rate 50
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

import psutil
from websockets.asyncio.client import ClientConnection, connect

from tests.acceptance.serving import Served

WORKFLOW = "asks-then-signs"
STEPS = 4
#: Connections that are opened at the same time.
AT_ONCE = 25
#: Seconds until what has not come will not.
PATIENCE_SECONDS = 60.0
SEPARATOR = b"\x1e"
#: Answers the runs from a process of its own, as a script of a user's would.
FEED = """
import time
from runs import operations
began = time.monotonic()
for number in range({count}):
    time.sleep(max(0.0, began + number / {rate} - time.monotonic()))
    run = operations.find_run("{workflow}", "r%d" % number)
    operations.resume_async(run, {{"answer": "yes"}}, step="ask")
"""


@dataclass
class Seen:
    """What came by one kind of stream: milliseconds since the steps ended, by run."""

    latencies: dict[str, list[float]] = field(default_factory=dict)

    def take(self, run_id: str, event: dict[str, Any]) -> None:
        output = event.get("payload", {}).get("output")
        if event["type"] == "workflow-step-result" and isinstance(output, int):
            passed = (time.monotonic_ns() - output) / 1e6
            self.latencies.setdefault(run_id, []).append(passed)

    @property
    def count(self) -> int:
        return sum(map(len, self.latencies.values()))

    def figures(self) -> dict[str, float]:
        samples = sorted(one for run in self.latencies.values() for one in run)
        cuts = quantiles(samples, n=100) if len(samples) > 1 else [0.0] * 99
        return {"events": len(samples), "p50_ms": cuts[49], "p99_ms": cuts[98]}


class Load:
    """The runs, and everybody who follows them."""

    def __init__(self, url: str, followers: int) -> None:
        self.url = url
        self.host = urlsplit(url).netloc
        self.run_ids = [f"r{number}" for number in range(followers)]
        self.by_socket, self.by_http = Seen(), Seen()
        self._doors = asyncio.Semaphore(AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, stack: AsyncExitStack) -> None:
        """Start each run by a stream that stays open, and connect a websocket to it."""
        await asyncio.gather(*(self._open(run_id, stack) for run_id in self.run_ids))

    async def _open(self, run_id: str, stack: AsyncExitStack) -> None:
        async with self._doors:
            path = f"/api/workflows/{WORKFLOW}/stream?runId={run_id}"
            reader, writer = await self._post(path, {"inputData": 1, "closeOnSuspend": False})
            stack.callback(writer.close)
            await reader.readuntil(SEPARATOR)
            address = f"ws://{self.host}/ws/runs/{WORKFLOW}/{run_id}/"
            socket = await stack.enter_async_context(connect(address, open_timeout=60))
        self._tasks += [
            asyncio.ensure_future(self._read_http(run_id, reader)),
            asyncio.ensure_future(self._read_socket(run_id, socket)),
        ]

    async def _post(
        self, path: str, body: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.host.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        text = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(text)}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + text)
        return reader, writer

    async def _read_http(self, run_id: str, reader: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                chunk = await reader.readuntil(SEPARATOR)
                if (at := chunk.find(b"{")) >= 0:
                    self.by_http.take(run_id, json.loads(chunk[at:-1]))

    async def _read_socket(self, run_id: str, socket: ClientConnection) -> None:
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "event":
                self.by_socket.take(run_id, message["event"])

    async def let_go(self, served: Served, rate: float) -> None:
        """Answer the runs, ``rate`` a second, and wait until everybody knows."""
        feeder = await asyncio.create_subprocess_exec(
            sys.executable,
            "manage.py",
            "shell",
            "--verbosity=0",
            "--command",
            FEED.format(workflow=WORKFLOW, rate=rate, count=len(self.run_ids)),
            env=served.environment,
        )
        await feeder.wait()
        wanted, deadline = STEPS * len(self.run_ids), time.monotonic() + PATIENCE_SECONDS
        while min(self.by_socket.count, self.by_http.count) < wanted:
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Usage:
    """Processor seconds and memory of a process and its descendants."""

    cpu: float
    megabytes: float

    @classmethod
    def of(cls, pid: int) -> Usage:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        times = [process.cpu_times() for process in family]
        memory = sum(process.memory_full_info().pss for process in family)
        return cls(sum(t.user + t.system for t in times), memory / 1e6)


async def measure(served: Served, followers: int, rate: float) -> dict[str, Any]:
    web, cluster = served.web(), served.cluster()
    empty = Usage.of(web)
    load = Load(served.url, followers)
    async with AsyncExitStack() as stack:
        began = time.monotonic()
        await load.open(stack)
        opened = time.monotonic() - began
        await asyncio.sleep(2)
        idle, workers = Usage.of(web), Usage.of(cluster)
        began = time.monotonic()
        await load.let_go(served, rate)
        took = time.monotonic() - began
        busy, worked = Usage.of(web), Usage.of(cluster)
    return {
        "followers": followers,
        "rate": rate,
        "open_seconds": opened,
        "seconds": took,
        "websocket": load.by_socket.figures(),
        "http": load.by_http.figures(),
        "web_mb": {"empty": empty.megabytes, "open": idle.megabytes, "busy": busy.megabytes},
        "web_threads": psutil.Process(web).num_threads(),
        "web_cpu_percent": (busy.cpu - idle.cpu) / took * 100,
        "workers_cpu_percent": (worked.cpu - workers.cpu) / took * 100,
    }


def shown(figures: dict[str, Any]) -> str:
    memory = figures["web_mb"]
    lines = [
        f"{figures['followers']} websockets and {figures['followers']} HTTP streams, opened in "
        f"{figures['open_seconds']:.1f} s",
        f"{figures['rate']:g} runs/s for {figures['seconds']:.1f} s",
    ]
    for kind in ("websocket", "http"):
        one = figures[kind]
        lines.append(
            f"{kind:<10} {one['events']:>6} events   p50 {one['p50_ms']:7.1f} ms   "
            f"p99 {one['p99_ms']:7.1f} ms"
        )
    lines.append(
        f"web process: {memory['empty']:.0f} MB empty, {memory['open']:.0f} MB with all open, "
        f"{memory['busy']:.0f} MB busy; {figures['web_cpu_percent']:.0f} % of a core, "
        f"{figures['web_threads']} threads; workers: {figures['workers_cpu_percent']:.0f} %"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sockets", type=int, default=1000, help="of each kind, and runs")
    parser.add_argument("--rate", type=float, default=50, help="runs a second")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="runs-bench-") as folder:
        served = Served(
            Path(folder) / "data",
            DJANGO_SETTINGS_MODULE="benchmarks.settings",
            RUNS_API_PUBLIC="1",
            RUNS_WORKER_TIMEOUT_SECONDS="60",  # the clients may take both cores for a while
            PORT=os.environ.get("PORT", "0"),
        )
        try:
            served.becomes_healthy()
            figures = asyncio.run(measure(served, options.sockets, options.rate))
        finally:
            served.clean_up()
    print(json.dumps(figures, indent=2) if options.json else shown(figures))


if __name__ == "__main__":
    main()
