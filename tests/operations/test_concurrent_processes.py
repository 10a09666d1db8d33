"""Many callers of one run in several processes: one wins, the others are told, nothing runs twice.

A body that waits at a gate keeps the winner's execution going until all others have their answer,
so that none of them comes late and finds the run at rest again.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from runs.models import Run
from runs.testing import told
from tests.operations import contender
from tests.store.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("workflows")]

Json = Any
ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES, THREADS = 4, 13
CALLERS = PROCESSES * THREADS
SECONDS = 60.0
#: Seconds of a lease. So many callers keep a machine busy: who is slow to give a sign of life is
#: not dead; only of those that are to die the lease is short.
LEASE, SHORT_LEASE = 120.0, 2.0


class Process:
    """One contender, and the queue into which what it answers goes."""

    def __init__(self, answers: queue.Queue[Json], lease: float) -> None:
        self._ready: queue.Queue[Json] = queue.Queue()
        self._answers = answers
        database = str(connection.settings_dict["NAME"])
        self._process = subprocess.Popen(
            [sys.executable, "-m", contender.__name__, database, str(lease)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            (self._ready if "ready" in answer else self._answers).put(answer)

    def wait_ready(self) -> None:
        self._ready.get(timeout=SECONDS)

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


class Crowd:
    """Several processes that make calls at the same moment."""

    def __init__(self, size: int, lease: float = LEASE) -> None:
        self.answers: queue.Queue[Json] = queue.Queue()
        self.processes = [Process(self.answers, lease) for _ in range(size)]
        for process in self.processes:
            process.wait_ready()

    def call(self, workflow: str, *calls: tuple[str, Json]) -> None:
        """Spread calls of run "r" over the processes and let them begin together."""
        orders = [{"workflow": workflow, "run": "r", "calls": []} for _ in self.processes]
        for number, call in enumerate(calls):
            orders[number % len(orders)]["calls"].append(call)
        for process, order in zip(self.processes, orders, strict=True):
            process.say(json.dumps(order))
        for process in self.processes:
            process.wait_ready()
        for process in self.processes:
            process.say("go")

    def listen(self, count: int) -> list[Json]:
        """The next answers. Whatever is not a refusal in our own words is a bug."""
        answers = [self.answers.get(timeout=SECONDS) for _ in range(count)]
        assert [answer["bug"] for answer in answers if "bug" in answer] == []
        return answers

    def kill(self) -> None:
        for process in self.processes:
            process.kill()


@pytest.fixture
def workflows(registry: None) -> None:
    contender.define_workflows()


@pytest.fixture(scope="module")
def started(django_db_setup: None, django_db_blocker: Any) -> Iterator[Crowd]:
    with django_db_blocker.unblock():
        crowd = Crowd(PROCESSES)
    yield crowd
    crowd.kill()


@pytest.fixture
def crowd(started: Crowd) -> Crowd:
    assert started.answers.empty(), "an earlier test left calls behind"
    return started


@dataclass
class Place:
    """Where the bodies of a test write what they do, and wait."""

    folder: Path

    @property
    def input(self) -> Json:
        return {"ledger": str(self.folder / "ledger"), "gate": str(self.folder / "gate")}

    def open(self) -> None:
        (self.folder / "gate").touch()

    @property
    def executed(self) -> list[str]:
        ledger = self.folder / "ledger"
        return ledger.read_text().splitlines() if ledger.exists() else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def run_of(workflow: str) -> Run:
    return Run.objects.get(workflow_id=workflow, run_id="r")


def asking(place: Place) -> Run:
    """A run that is suspended."""
    from runs import get_workflow

    run = get_workflow("asking").create_run(run_id="r", execution="inline")
    assert run.start(place.input).status == "suspended"
    return run


def refusals(answers: list[Json]) -> Counter[str]:
    """The codes of the answers, all of them conflicts."""
    assert [a for a in answers if not a.get("conflict") or a["http"] != 409] == []
    return Counter(answer["code"] for answer in answers)


def check_record(run: Run) -> None:
    """Numbered events, each execution ended, nobody holding the run."""
    run.refresh_from_db()
    numbers = list(run.events.values_list("seq", flat=True))
    types = list(run.events.values_list("type", flat=True))
    assert numbers == list(range(len(numbers)))
    assert types[-1] == "workflow-finish"
    assert (run.lease_owner, run.due_at) == ("", None)
    assert len(told(run)) == len(numbers)


# --- one winner ------------------------------------------------------------------------------


def test_of_many_who_start_one_run_one_does(crowd: Crowd, place: Place) -> None:
    crowd.call("working", *[("start", {"input_data": place.input})] * CALLERS)

    refused = crowd.listen(CALLERS - 1)
    place.open()
    [winner] = crowd.listen(1)

    assert refusals(refused) == {"run_already_started": CALLERS - 1}
    assert (winner["status"], winner["result"]) == ("success", "shipped")
    assert place.executed == ["r prepare", "r work", "r ship"]
    assert Run.objects.count() == 1
    check_record(run_of("working"))


def test_of_many_who_answer_one_question_one_does(crowd: Crowd, place: Place) -> None:
    run = asking(place)
    crowd.call("asking", *[("resume", {"resume_data": n}) for n in range(1, CALLERS + 1)])

    refused = crowd.listen(CALLERS - 1)
    place.open()
    [winner] = crowd.listen(1)

    codes = refusals(refused)
    assert codes.keys() <= {"WORKFLOW_RESUME_ALREADY_CLAIMED", "run_not_suspended"}
    assert winner["status"] == "success"
    assert place.executed == ["r prepare", "r ask", "r ship"]
    check_record(run)


def test_nobody_travels_in_a_run_that_is_running(crowd: Crowd, place: Place) -> None:
    crowd.call("working", ("start", {"input_data": place.input}))
    until(lambda: place.executed[-1:] == ["r work"])

    crowd.call("working", *[("time_travel", {"step": "work"})] * CALLERS)
    refused = crowd.listen(CALLERS)
    place.open()
    [winner] = crowd.listen(1)

    assert refusals(refused) == {"run_still_running": CALLERS}
    assert winner["status"] == "success"
    assert place.executed == ["r prepare", "r work", "r ship"]
    check_record(run_of("working"))


def test_of_many_who_travel_at_once_one_does(crowd: Crowd, place: Place) -> None:
    run = asking(place)
    crowd.call("asking", *[("time_travel", {"step": "ask", "resume_data": 1})] * CALLERS)

    refused = crowd.listen(CALLERS - 1)
    place.open()
    [winner] = crowd.listen(1)

    assert refusals(refused) == {"run_still_running": CALLERS - 1}
    assert winner["status"] == "success"
    assert place.executed == ["r prepare", "r ask", "r ship"]
    assert [attempt.status for attempt in run.attempts] == ["suspended", "success"]
    check_record(run)


# --- calls of different kinds ----------------------------------------------------------------


@pytest.mark.parametrize("round", range(5))
def test_a_run_that_is_answered_and_canceled_at_once_does_one_or_both(
    crowd: Crowd, place: Place, round: int
) -> None:
    run = asking(place)
    place.open()
    crowd.call("asking", *[("resume", {"resume_data": 1}), ("cancel", {})] * (CALLERS // 2))

    answers = crowd.listen(CALLERS)

    resumed = [answer for answer in answers if answer["method"] == "resume"]
    won = [answer for answer in resumed if "status" in answer]
    refusals([answer for answer in resumed if "status" not in answer])
    assert [a for a in answers if a["method"] == "cancel" and "code" in a] == []
    run.refresh_from_db()
    assert [answer["status"] for answer in won] in ([], [run.status])
    assert run.status in ("success", "canceled")
    assert max(Counter(place.executed).values()) == 1
    if not won:
        assert place.executed == ["r prepare"]
    check_record(run)


@pytest.mark.parametrize("round", range(5))
def test_a_run_that_is_answered_and_travelled_in_at_once_does_one_after_the_other(
    crowd: Crowd, place: Place, round: int
) -> None:
    run = asking(place)
    place.open()
    travel = ("time_travel", {"step": "ask"})
    crowd.call("asking", *[("resume", {"resume_data": 1}), travel] * 2)

    answers = crowd.listen(4)

    won = Counter(answer["method"] for answer in answers if "status" in answer)
    refusals([answer for answer in answers if "status" not in answer])
    assert run.attempts.count() == 1 + won["time_travel"]
    times = Counter(place.executed)
    assert (times["r prepare"], times["r ask"], times["r ship"]) == (1, *[won["resume"]] * 2)
    check_record(run)


# --- processes that die, and workers ---------------------------------------------------------


def test_of_many_who_restart_a_run_whose_process_was_killed_one_does(
    crowd: Crowd, place: Place
) -> None:
    victim = Crowd(1, SHORT_LEASE)
    victim.call("working", ("start", {"input_data": place.input}))
    until(lambda: place.executed[-1:] == ["r work"])
    victim.kill()
    until(lambda: Run.objects.due(timezone.now()).exists(), "the end of the lease")

    crowd.call("working", *[("restart", {})] * CALLERS)
    refused = crowd.listen(CALLERS - 1)
    place.open()
    [winner] = crowd.listen(1)

    assert refusals(refused) == {"run_still_running": CALLERS - 1}
    assert winner["status"] == "success"
    assert place.executed == ["r prepare", "r work", "r work", "r ship"]
    check_record(run_of("working"))


def test_worker_processes_share_what_is_due_and_execute_nothing_twice(
    crowd: Crowd, place: Place
) -> None:
    from runs import get_workflow

    place.open()
    crowd.call("", *[("serve", {})] * PROCESSES)
    assert len({answer["worker"] for answer in crowd.listen(PROCESSES)}) == PROCESSES
    names = [f"run-{number}" for number in range(40)]
    for name in names:
        run = get_workflow("working").create_run(run_id=name, execution="background")
        run.start_async(place.input)

    until(lambda: not Run.objects.exclude(status="success").exists(), "all runs", SECONDS)

    crowd.call("", *[("drain", {})] * PROCESSES)
    crowd.listen(PROCESSES)
    steps = ("prepare", "work", "ship")
    assert sorted(place.executed) == sorted(f"{name} {step}" for name in names for step in steps)
    for run in Run.objects.all():
        check_record(run)
