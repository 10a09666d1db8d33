"""Several real worker processes on one database: what they share, and what is left of the dead."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from runs import get_workflow
from runs.models import MemberTask, Run, WorkerProcess
from tests.store.waiting import until
from tests.worker import working
from tests.worker.running import at_rest

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]
ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES = 2


class Workers:
    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[str]] = []

    def fill_up(self) -> None:
        """Start what is missing; all of them live through many tests."""
        command = [sys.executable, "-m", working.__name__, str(connection.settings_dict["NAME"])]
        started = [
            subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(PROCESSES - len(self.processes))
        ]
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        self.processes += started
        until(lambda: WorkerProcess.objects.alive().count() == PROCESSES)

    @property
    def pids(self) -> set[int]:
        return {process.pid for process in self.processes}

    def kill(self, pid: int) -> None:
        [process] = [process for process in self.processes if process.pid == pid]
        self.processes.remove(process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture(scope="module")
def all_workers() -> Iterator[Workers]:
    workers = Workers()
    yield workers
    for pid in workers.pids:
        workers.kill(pid)


@pytest.fixture
def workers(all_workers: Workers) -> Workers:
    working.define_workflow()
    all_workers.fill_up()
    return all_workers


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def started(workflow: str, ledger: Path, input_data: Any) -> Run:
    run = get_workflow(workflow).create_run()
    context = {"ledger": str(ledger), "gate": str(gate_of(ledger))}
    run.start_async(input_data, request_context=context)
    return run


def gate_of(ledger: Path) -> Path:
    return ledger.with_name("gate")


def noted(ledger: Path) -> list[list[str]]:
    return [line.split() for line in ledger.read_text().splitlines()] if ledger.exists() else []


def test_items_of_a_fan_out_are_performed_by_all_workers_once_each(
    workers: Workers, ledger: Path
) -> None:
    gate_of(ledger).touch()
    run = started("fan-out", ledger, list(range(60)))
    assert at_rest(run) == ["success"]

    output = run.attempts.get().outcome().result
    assert [one["item"] for one in output] == list(range(60))
    assert {one["pid"] for one in output} == workers.pids
    assert sorted(int(item) for item, _ in noted(ledger)) == list(range(60))
    until(lambda: not MemberTask.objects.exists())


def test_a_fan_out_outlives_a_worker_and_repeats_nothing_that_was_recorded(
    workers: Workers, ledger: Path
) -> None:
    run = started("fan-out", ledger, list(range(60)))
    until(lambda: run.steps.filter(path__startswith="work[", status="success").count() >= 5)
    recorded = set(run.steps.filter(status="success").values_list("path", flat=True))
    driver = int(Run.objects.get().lease_owner.split(":")[1])
    workers.kill(driver)
    gate_of(ledger).touch()
    assert at_rest(run) == ["success"]

    output = run.attempts.get().outcome().result
    assert [one["item"] for one in output] == list(range(60))
    times = [item for item, _ in noted(ledger)]
    assert {times.count(path[5:-1]) for path in recorded} == {1}


@pytest.mark.parametrize("workflow", ["holding", "holding-here"])
def test_a_cancel_reaches_a_body_in_another_process(
    workflow: str, workers: Workers, ledger: Path, tmp_path: Path
) -> None:
    run = started(workflow, ledger, {"gate": str(tmp_path / "never")})
    until(lambda: noted(ledger))

    run.cancel()

    assert run.status == "canceled"
    assert at_rest(run) == ["canceled"]
    # The step after it may have been about to begin when the cancel came; it did not.
    ended = {row.path: row.output for row in run.attempts.get().steps if row.status != "canceled"}
    assert list(ended.values()) == [{"aborted": True}]


def test_a_task_whose_worker_died_is_performed_by_another(workers: Workers, ledger: Path) -> None:
    gate = gate_of(ledger)
    run = started("holding", ledger, {"gate": str(gate)})
    until(lambda: noted(ledger))
    performer = int(noted(ledger)[0][1])
    [survivor] = workers.pids - {performer}
    workers.kill(performer)
    until(lambda: len(noted(ledger)) > 1)
    gate.touch()

    assert at_rest(run) == ["success"]
    assert run.steps.get(path="hold").output == {"pid": survivor}
