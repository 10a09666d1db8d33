"""Ourselves: in this process, or through workers of our own (``workers`` as argument).

The database and the settings are those of the environment.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.peers import serving
from benchmarks.peers.serving import Workload, one_after_another

ROOT = Path(__file__).resolve().parent.parent.parent
WORKERS = 2
PATIENCE_SECONDS = 600


def prepare() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


# --- the workloads ---------------------------------------------------------------------------


def sequential(runs: int) -> dict[str, Any]:
    from benchmarks.work.workflows import ten

    return one_after_another(runs, lambda _: _succeed(ten, 0), each=10)


def burst_here(runs: int) -> dict[str, Any]:
    """All at once, as tasks of one loop."""
    return asyncio.run(_burst_here(runs))


async def _burst_here(runs: int) -> dict[str, Any]:
    from benchmarks.work.workflows import ten

    async def one() -> None:
        run = await ten.acreate_run()
        result = await run.astart(0)
        assert result.status == "success", result

    began = perf_counter()
    await asyncio.gather(*(one() for _ in range(runs)))
    return {"count": runs, "seconds": perf_counter() - began}


def burst_to_workers(runs: int) -> dict[str, Any]:
    """Submitted by this process, done when the last one is stored as done."""
    from benchmarks.work.workflows import ten
    from runs.models import Run

    began = perf_counter()
    keys = []
    for _ in range(runs):
        run = ten.create_run()
        run.start_async(0)
        keys.append(run.pk)
    first, last = keys[0], keys[-1]
    mine = Run.objects.filter(pk__gte=first, pk__lte=last)
    _until(lambda: mine.filter(status="success").count() == runs, pause=0.005)
    return {"count": runs, "seconds": perf_counter() - began}


def long(steps: int) -> dict[str, Any]:
    from benchmarks.work import workflows

    workflow = workflows.long(steps)
    return _stored(lambda: one_after_another(1, lambda _: _succeed(workflow, 0), each=steps))


def fan_out(items: int) -> dict[str, Any]:
    from benchmarks.work import workflows

    given = list(range(items))
    return one_after_another(1, lambda _: _succeed(workflows.fan_out, given), each=items)


def suspend(runs: int) -> dict[str, Any]:
    from benchmarks.work.workflows import approval

    resuming = 0.0

    def trip(_: int) -> None:
        nonlocal resuming
        run = approval.create_run()
        assert run.start(0).status == "suspended"
        began = perf_counter()
        assert run.resume({"answer": 41}).result == 42
        resuming += perf_counter() - began

    return one_after_another(runs, trip) | {"resume_seconds": resuming}


def latency_here(runs: int) -> dict[str, Any]:
    """From the end of a body to a watcher's call, both in this process."""
    from benchmarks.work.workflows import signs

    samples: list[float] = []

    def told(event: dict[str, Any]) -> None:
        now = time.monotonic_ns()
        if event["type"] == "workflow-step-result":
            samples.append((now - event["payload"]["output"]) / 1e6)

    def one(_: int) -> None:
        run = signs.create_run()
        stop = run.watch(told)
        run.start(0)
        stop()

    return one_after_another(runs, one, each=10) | {"samples_ms": samples}


def latency_of_workers(runs: int) -> dict[str, Any]:
    """From the end of a body in a worker to the iterator of a stream in this process."""
    from benchmarks.work.workflows import signs

    samples: list[float] = []

    def one(_: int) -> None:
        for event in signs.create_run().stream(0):
            now = time.monotonic_ns()
            if event["type"] == "workflow-step-result":
                samples.append((now - event["payload"]["output"]) / 1e6)

    return one_after_another(runs, one, each=10) | {"samples_ms": samples}


def payload(runs: int, kilobytes: int) -> dict[str, Any]:
    from benchmarks.work import workflows

    given = {"number": 0, "rows": serving.rows(kilobytes)}
    return _stored(
        lambda: one_after_another(runs, lambda _: _succeed(workflows.payload, given), each=10)
    )


def _succeed(workflow: Any, input_data: Any) -> None:
    result = workflow.create_run().start(input_data)
    assert result.status == "success", result


def _until(done: Callable[[], bool], pause: float) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline, "the workers did not finish"
        time.sleep(pause)


# --- what is stored --------------------------------------------------------------------------


def _stored(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do the work, and count what it added to the database."""
    before = _database_bytes()
    answer = work()
    return answer | {"stored_bytes": _database_bytes() - before}


def _database_bytes() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute("PRAGMA freelist_count")
        free = cursor.fetchone()[0]
        cursor.execute("PRAGMA page_size")
        return int((pages - free) * cursor.fetchone()[0])


# --- workers ---------------------------------------------------------------------------------


@contextmanager
def workers() -> Iterator[None]:
    """Valkey and worker processes, as ``manage.py runs_worker`` starts them."""
    from django.conf import settings

    from runs.models import WorkerProcess
    from runs.worker.valkey import EmbeddedValkey

    valkey = EmbeddedValkey(settings.RUNS_DATA)
    valkey.start()
    command = [sys.executable, "manage.py", "runs_worker", "--workers", str(WORKERS)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=2, env=os.environ)
    try:
        _until(lambda: WorkerProcess.objects.alive().count() >= WORKERS, pause=0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)
        valkey.stop()


HERE: dict[str, Workload] = {
    "sequential": sequential,
    "burst": burst_here,
    "long": long,
    "fan_out": fan_out,
    "suspend": suspend,
    "latency": latency_here,
    "payload": payload,
}


def main() -> None:
    prepare()
    if sys.argv[1:] != ["workers"]:
        serving.serve(HERE)
        return
    with workers():
        workers_do: dict[str, Workload] = {"burst": burst_to_workers, "latency": latency_of_workers}
        serving.serve(HERE | workers_do)


if __name__ == "__main__":
    main()
