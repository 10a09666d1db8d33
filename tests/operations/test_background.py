"""Runs that workers are to execute, when there are none, or one that only seems to be there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from runs import Workflow, create_workflow
from runs.exceptions import NoWorkers
from runs.models import Run, WorkerProcess
from runs.operations import find_run
from tests.store.gallery import ask
from tests.store.tables import all_rows
from tests.store.waiting import Background, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]


@pytest.fixture
def background(settings: Any) -> None:
    """Runs are left to workers, and there are none: one that a test has just ended may be seen."""
    settings.RUNS_EXECUTION = "background"
    until(lambda: not WorkerProcess.objects.alive().exists())


def asking() -> Workflow:
    return create_workflow("w").then(ask()).commit()


def worker(**seconds_ago: float) -> WorkerProcess:
    seen_at = timezone.now() - timedelta(**seconds_ago)
    return WorkerProcess.objects.create(id="worker", host="h", pid=1, slots=1, seen_at=seen_at)


def said_in_words(error: NoWorkers) -> bool:
    return "manage.py serve" in str(error) and "RUNS_EXECUTION" in str(error)


def test_a_start_without_workers_says_so_at_once_and_starts_nothing() -> None:
    run = asking().create_run()
    before = all_rows()

    with pytest.raises(NoWorkers) as raised:
        run.start(1)

    assert said_in_words(raised.value)
    assert all_rows() == before


async def test_a_coroutine_that_starts_without_workers_is_told_at_once_too() -> None:
    run = await asking().acreate_run()

    with pytest.raises(NoWorkers) as raised:
        await run.astart(1)

    assert said_in_words(raised.value)


OTHERS: dict[str, Callable[[Run], Any]] = {
    "resume": lambda run: run.resume("!"),
    "time_travel": lambda run: run.time_travel("ask"),
    "resume_stream": lambda run: run.resume_stream("!").result(),
}


@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS.keys())
def test_every_call_that_would_wait_says_so_at_once_and_changes_nothing(
    call: Callable[[Run], Any],
) -> None:
    asking().create_run(run_id="r", execution="inline").start(1)
    before = all_rows()

    with pytest.raises(NoWorkers) as raised:
        call(find_run("w", "r"))

    assert said_in_words(raised.value)
    assert all_rows() == before


def test_a_worker_that_gave_no_sign_of_life_for_long_does_not_count() -> None:
    worker(seconds=60)

    with pytest.raises(NoWorkers):
        asking().create_run().start(1)


def test_a_worker_that_dies_while_somebody_waits_is_told_to_them() -> None:
    alive = worker(seconds=0)
    run = asking().create_run(run_id="r")
    waiting = Background(lambda: run.start(1))
    until(lambda: Run.objects.filter(status="running").exists())

    alive.delete()

    error = waiting.outcome()
    assert isinstance(error, NoWorkers)
    assert said_in_words(error)


def test_calls_that_do_not_wait_need_no_worker() -> None:
    run = asking().create_run()

    run.start_async(1)

    run.refresh_from_db()
    assert (run.status, run.steps.count()) == ("running", 1)


def test_where_a_run_executes_is_said_for_each_object() -> None:
    asking().create_run(run_id="r", execution="inline").start(1)

    with pytest.raises(NoWorkers):
        find_run("w", "r").resume("!")
    here = find_run("w", "r")
    here.execution_mode = "inline"
    assert here.resume("!").status == "success"


def test_a_run_that_is_due_is_cancelled_without_workers() -> None:
    run = asking().create_run()
    run.start_async(1)

    run.cancel()

    assert (run.status, run.due_at, run.lease_owner) == ("canceled", None, "")
