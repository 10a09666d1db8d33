"""Runs whose owner is gone, or only seemed to be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from runs import Workflow, create_workflow
from runs.models import Run
from runs.store import lease
from runs.testing import told
from runs.worker import takeover
from runs.worker.drive import drive_here
from runs.worker.execution import result_of_stored
from runs.worker.runner import Runner
from tests.store.gallery import add, step
from tests.store.tables import all_rows
from tests.store.waiting import Background, Gate, until
from tests.worker.running import at_rest, one_started, running

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]

PAST = datetime(2020, 1, 1, tzinfo=UTC)


class Counting:
    """Steps that count their executions; the first of ``stops`` waits at a gate."""

    def __init__(self, stops: str = "") -> None:
        self.ran: list[str] = []
        self.gate, self.stops = Gate(), stops

    def chain(self, *ids: str) -> Workflow:
        flow = create_workflow("w")
        for id in ids:
            flow.then(step(id, self.body(id)))
        return flow.commit()

    def body(self, id: str) -> Any:
        def execute(ctx: Any) -> Any:
            self.ran.append(id)
            if id == self.stops and self.ran.count(id) == 1:
                self.gate.stop()
                return {"of": f"{id}, too late"}
            return {"of": id}

        return execute


def lose_lease(run: Run) -> None:
    """Let the lease have ended, as if its owner had given no sign of life for long."""
    Run.objects.filter(pk=run.pk).update(due_at=PAST)


# --- dead owners -----------------------------------------------------------------------------


def test_a_run_whose_owner_vanished_goes_on_from_the_last_recorded_step() -> None:
    counting = Counting()
    run = one_started(counting.chain("a", "b", "c"))
    _drive_until(run, "b")
    lose_lease(run)

    with running():
        assert at_rest(run) == ["success"]

    assert counting.ran == ["a", "b", "c"]
    assert result_of_stored(run).result == {"of": "c"}


def _drive_until(run: Run, step_id: str) -> None:
    """Take the run up and drive it to the start of a step, and say nothing more."""
    claim = lease.claim(run.pk, "gone")
    assert claim is not None
    [session] = takeover.open_claimed([claim])
    for _ in drive_here(session):
        if Run.objects.get(pk=run.pk).steps.filter(path=step_id).exists():
            return


def test_a_lease_that_goes_on_is_respected(settings: Any) -> None:
    settings.RUNS_LEASE_SECONDS = 1000
    counting = Counting()
    run = one_started(counting.chain("a"))
    lease.claim(run.pk, "alive")

    with running():
        other = create_workflow("other").then(add(1)).commit().create_run()
        other.start_async({"n": 1})
        assert at_rest(other) == ["success"]

    assert counting.ran == []


@pytest.mark.parametrize("recoveries", [2, 3])
def test_a_run_that_takes_its_workers_down_is_failed_in_words(
    recoveries: int, settings: Any
) -> None:
    settings.RUNS_MAX_RECOVERIES = 3
    counting = Counting()
    run = one_started(counting.chain("a", "b"))
    lease.claim(run.pk, "gone")
    Run.objects.filter(pk=run.pk).update(recoveries=recoveries)
    lose_lease(run)

    with running():
        [status] = at_rest(run)

    if recoveries < 3:
        # It got further than its last worker had, so what was before counts no more.
        assert (status, counting.ran, run.recoveries) == ("success", ["a", "b"], 0)
        return
    assert (status, counting.ran, run.lease_owner, run.due_at) == ("failed", [], "", None)
    assert run.error_message == (
        "The run was taken over 4 times because its worker died while it ran; "
        "it is not tried again (RUNS_MAX_RECOVERIES)"
    )
    assert run.ended_at is not None
    result = result_of_stored(run)
    assert result.error is not None
    assert result.error["message"] == run.error_message
    [*_, finish] = told(run)
    assert finish["payload"]["workflowStatus"] == "failed"


def test_a_run_that_was_failed_for_its_recoveries_can_be_started_again(settings: Any) -> None:
    settings.RUNS_MAX_RECOVERIES = 0
    counting = Counting()
    run = one_started(counting.chain("a"))
    lease.claim(run.pk, "gone")
    lose_lease(run)
    with running():
        assert at_rest(run) == ["failed"]

        assert run.start().status == "success"

    assert (run.recoveries, run.attempt) == (0, 2)


def test_recoveries_are_counted_anew_after_a_step_was_recorded(settings: Any) -> None:
    """A run of a year may outlive many workers; only one that gets nowhere is given up."""
    settings.RUNS_MAX_RECOVERIES = 1
    counting = Counting()
    run = one_started(counting.chain("a", "b", "c", "d"))
    for step_id in "bcd":
        _drive_until(run, step_id)
        lose_lease(run)

    with running():
        assert at_rest(run) == ["success"]

    assert counting.ran == ["a", "b", "c", "d"]


# --- owners that were only late --------------------------------------------------------------


@pytest.fixture
def silence(settings: Any) -> None:
    """Nobody gives signs of life or looks for what is due, and no lease ends by itself."""
    settings.RUNS_HEARTBEAT_SECONDS = 1000
    settings.RUNS_SWEEP_SECONDS = 1000
    settings.RUNS_LEASE_SECONDS = 1000


def taken_up(runner: Runner, workflow: Workflow) -> Run:
    """A run that the runner drives."""
    run = one_started(workflow)
    take_up(runner, run)
    return run


def take_up(runner: Runner, run: Run) -> None:
    fence = Run.objects.get(pk=run.pk).fence
    runner.wake(run.pk)
    until(lambda: Run.objects.get(pk=run.pk).fence > fence)


@pytest.mark.usefixtures("silence")
def test_a_session_whose_run_was_claimed_by_another_stops_without_writing() -> None:
    counting = Counting(stops="b")
    with running() as late:
        run = taken_up(late, counting.chain("a", "b", "c"))
        counting.gate.wait_reached()
        lose_lease(run)
        assert lease.claim(run.pk, "other") is not None
        before = all_rows()

        counting.gate.open()

        until(lambda: not late._sessions)
        assert all_rows() == before
    assert counting.ran == ["a", "b"]


@pytest.mark.usefixtures("silence")
def test_a_late_owner_cannot_overwrite_what_its_successor_recorded() -> None:
    counting = Counting(stops="b")
    with running() as late, running() as successor:
        run = taken_up(late, counting.chain("a", "b", "c"))
        counting.gate.wait_reached()
        lose_lease(run)
        take_up(successor, run)
        assert at_rest(run) == ["success"]
        before = all_rows()

        counting.gate.open()

        until(lambda: not late._sessions)
        assert all_rows() == before
    assert counting.ran == ["a", "b", "b", "c"]
    assert run.steps.get(path="b").output == {"of": "b"}


@pytest.mark.usefixtures("silence")
def test_a_runner_that_takes_over_from_itself_keeps_the_lease_it_has_now() -> None:
    """Its database was away for longer than a lease; then it claims its own run once more."""
    first, second, ran = Gate(), Gate(), []

    def body(ctx: Any) -> None:
        ran.append(1)
        (first if len(ran) == 1 else second).stop()

    with running() as runner:
        run = taken_up(runner, create_workflow("w").then(step("s", body)).commit())
        first.wait_reached()
        lose_lease(run)
        take_up(runner, run)
        second.wait_reached()
        driving = len(runner._tasks)
        first.open()
        until(lambda: len(runner._tasks) < driving)

        assert runner._sessions[run.pk].fence == 3
        second.open()
        assert at_rest(run) == ["success"]


def test_a_caller_that_drives_here_stops_too_when_its_run_was_taken_over() -> None:
    counting = Counting(stops="a")
    run = counting.chain("a", "b").create_run(execution="inline")
    caller = Background(run.start)
    counting.gate.wait_reached()
    # Of another name, or a sign of life of this process would keep it.
    Run.objects.filter(pk=run.pk).update(due_at=PAST, lease_owner="gone")

    with running():
        assert at_rest(run) == ["success"]
    before = all_rows()
    counting.gate.open()

    assert type(caller.outcome()).__name__ == "LeaseLost"
    assert (all_rows(), counting.ran) == (before, ["a", "a", "b"])
