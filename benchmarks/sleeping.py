"""What runs that sleep cost a worker, and how late timers fire while it is busy.

    python -m benchmarks.sleeping [--sleepers 100000] [--seconds 5] [--rounds 3] [--json]

On a SQLite file made for it. A round measures the processor time of an idle worker with no runs at
all and with sleeping ones; then two workers, the sleepers still there, drive a stream of runs while
several hundred timers come due. The bodies of those count: a timer that fired twice would show.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.inline_steps import prepare

if TYPE_CHECKING:
    from runs import Workflow
    from runs.models import Run

TIMERS = 300
HOUR = 3_600_000
Figures = dict[str, float]


def main(sleepers: int, seconds: float, rounds: int) -> dict[str, Any]:
    fired: Counter[str] = Counter()
    sleeping, busy = _workflows(fired)
    found: list[Figures] = []
    for number in range(rounds):
        idle = _cpu_of_idle_worker(seconds)
        _fall_asleep(sleeping, sleepers, in_ms=HOUR)
        with_sleepers = _cpu_of_idle_worker(seconds)
        lateness = _lateness(sleeping, busy, f"timer-{number}")
        _wipe()
        found.append({"idle": idle, "sleeping": with_sleepers, **lateness})
    twice = sum(1 for count in fired.values() if count > 1)
    medians = {name: statistics.median(one[name] for one in found) for name in found[0]}
    return {"sleepers": sleepers, "fired": len(fired), "fired twice": twice, **medians}


def _workflows(fired: Counter[str]) -> tuple[Workflow, Workflow]:
    from runs import create_step, create_workflow

    def fire(ctx: Any) -> None:
        fired[ctx.run_id] += 1

    wake = create_step("wake", execute=fire)
    work = create_step("work", execute=lambda ctx: time.sleep(0.001))
    sleeping = create_workflow("sleeping").sleep(lambda ctx: ctx.input_data).then(wake).commit()
    return sleeping, create_workflow("busy").then(work).commit()


def _cpu_of_idle_worker(seconds: float) -> float:
    """Milliseconds of processor time that a worker uses in a second without anything to do."""
    with _workers(1):
        time.sleep(1)
        before = time.process_time()
        time.sleep(seconds)
        return (time.process_time() - before) / seconds * 1000


@contextmanager
def _workers(count: int) -> Iterator[None]:
    from runs.worker.runner import Runner

    runners = [Runner().start() for _ in range(count)]
    try:
        yield
    finally:
        for runner in runners:
            runner.drain(10)


def _fall_asleep(workflow: Workflow, count: int, *, in_ms: int) -> None:
    """Rows as sleeping runs have them; nobody looks at what is recorded of them until they wake."""
    from runs.models import Run
    from runs.models.fields import from_ms
    from runs.store import catalog, lease

    version, due_at = catalog.version_of(workflow), from_ms(lease.now_ms() + in_ms)
    for start in range(0, count, 10_000):
        Run.objects.bulk_create(
            Run(
                workflow_id=workflow.id,
                version=version,
                run_id=f"s{start + number}",
                status="waiting",
                due_at=due_at,
            )
            for number in range(min(10_000, count - start))
        )


def _lateness(sleeping: Workflow, busy: Workflow, name: str) -> Figures:
    """How late timers fire while other runs keep the workers busy, in milliseconds."""
    timers = [sleeping.create_run(run_id=f"{name}-{n}") for n in range(TIMERS)]
    for number, run in enumerate(timers):
        run.start_async(3 + 3 * number / TIMERS)
    with _workers(2), _load(busy):
        _wait(lambda: all(_is_finished(run) for run in timers))
    late = sorted(_late(run, 3 + 3 * number / TIMERS) for number, run in enumerate(timers))
    return {"p50": late[len(late) // 2], "p99": late[int(len(late) * 0.99)]}


def _late(run: Run, seconds: float) -> float:
    from runs.models import StepSnapshot

    entry = StepSnapshot.objects.get(run=run, kind="wait")
    assert entry.ended_at is not None
    assert entry.started_at is not None
    return ((entry.ended_at - entry.started_at).total_seconds() - seconds) * 1000


@contextmanager
def _load(busy: Workflow) -> Iterator[None]:
    """Start runs all the time, in a thread, as fast as they are finished."""
    ended = threading.Event()

    def start() -> None:
        from django.db import connection

        while not ended.is_set():
            run = busy.create_run()
            run.start_async()
            ended.wait(0.01)
        connection.close()

    thread = threading.Thread(target=start)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _is_finished(run: Run) -> bool:
    run.refresh_from_db(fields=["status"])
    return run.is_finished


def _wait(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("the timers did not fire")
        time.sleep(0.05)


def _wipe() -> None:
    from django.core.management import call_command

    call_command("flush", verbosity=0, interactive=False)


def _show(found: dict[str, Any]) -> str:
    return (
        f"an idle worker, ms of processor time per second:  {found['idle']:6.1f}\n"
        f"with {found['sleepers']:>7,} sleeping runs:                    "
        f"  {found['sleeping']:6.1f}\n"
        f"timers under load, ms late:  p50 {found['p50']:.0f}  p99 {found['p99']:.0f}\n"
        f"timers fired: {found['fired']}, twice: {found['fired twice']}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--sleepers", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="runs-benchmark-") as folder:
        prepare(folder)
        from django.conf import settings

        settings.RUNS_EXECUTION = "background"
        found = main(given.sleepers, given.seconds, given.rounds)
    print(json.dumps(found) if given.json else _show(found))
    sys.exit(1 if found["fired twice"] else 0)
