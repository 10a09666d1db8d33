"""Quick bodies of many runs share a thread and a transaction, and stand in nobody's way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from runs import create_workflow
from runs.definition.step import Step
from runs.models import Run
from runs.store import doorbell, journals
from runs.worker import pace
from runs.worker.pace import QUICK, SLOW, TRUSTED, Paces
from tests.store.gallery import step
from tests.store.waiting import DEADLINE, Gate, until
from tests.worker.running import at_rest, running, started

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]


@pytest.fixture
def all_quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All bodies are expected to be quick, until they are not."""
    monkeypatch.setattr(pace, "TRUSTED", 0)
    yield


def chain(*bodies: Any) -> Any:
    flow = create_workflow("w")
    for number, body in enumerate(bodies):
        flow = flow.then(step(f"s{number}", body))
    return flow.commit()


def plus_one(ctx: Any) -> int:
    return int(ctx.input_data) + 1


# --- who is quick ----------------------------------------------------------------------------


def a_step() -> Step:
    return step("s", lambda ctx: None)


def test_a_step_is_quick_once_it_was_so_a_few_times() -> None:
    paces, one, other = Paces(), a_step(), a_step()

    seen = []
    for _ in range(TRUSTED):
        seen.append(paces.is_quick(one))
        paces.note(one, QUICK / 2)

    assert seen == [False] * TRUSTED
    assert (paces.is_quick(one), paces.is_quick(other)) == (True, False)


def test_one_slow_call_counts_for_more_than_all_quick_ones() -> None:
    paces, one = Paces(), a_step()
    for _ in range(10 * TRUSTED):
        paces.note(one, QUICK / 2)

    paces.note(one, SLOW * 2)

    assert not paces.is_quick(one)


def test_a_call_that_was_neither_changes_nothing() -> None:
    paces, one, other = Paces(), a_step(), a_step()
    for _ in range(TRUSTED):
        paces.note(one, QUICK / 2)

    for known in (one, other):
        for _ in range(TRUSTED):
            paces.note(known, (QUICK + SLOW) / 2)

    assert (paces.is_quick(one), paces.is_quick(other)) == (True, False)


# --- rounds ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_quick")
def test_bodies_of_many_runs_are_called_by_few_threads_and_stored_together() -> None:
    threads: set[str] = set()
    commits: list[int] = []

    def body(ctx: Any) -> int:
        threads.add(threading.current_thread().name.rpartition("_")[0])
        return plus_one(ctx)

    runs = started(chain(*[body] * 5), 20, 0)
    stop = doorbell.listen(lambda moved: commits.append(len(moved)))
    with running():
        statuses = at_rest(*runs)
    stop()

    assert statuses == ["success"] * 20
    assert [journals.load(run).root.output for run in runs] == [5] * 20
    assert threads == {"runs-rounds"}
    assert max(commits) > 1


def test_steps_that_were_quick_go_in_rounds_from_then_on() -> None:
    threads: list[str] = []

    def body(ctx: Any) -> int:
        threads.append(threading.current_thread().name.rpartition("_")[0])
        return plus_one(ctx)

    with running():
        flow = chain(body)
        for _ in range(50):
            [run] = started(flow, 1, 0)
            assert at_rest(run) == ["success"]
            run.delete()
            if threads[-1] == "runs-rounds":
                break

    assert threads[:TRUSTED] == ["runs-step"] * TRUSTED
    assert threads[-1] == "runs-rounds"


@pytest.mark.usefixtures("all_quick")
def test_a_body_that_is_not_quick_for_once_keeps_no_other_run_waiting() -> None:
    gate = Gate()

    def stops_once(ctx: Any) -> int:
        if ctx.run_id == "r3":
            gate.stop()
        return plus_one(ctx)

    runs = started(chain(plus_one, stops_once, plus_one), 12, 0)
    others = [run for run in runs if run.run_id != "r3"]
    with running():
        gate.wait_reached()
        assert at_rest(*others) == ["success"] * 11
        assert Run.objects.get(run_id="r3").status == "running"
        gate.open()
        assert at_rest(*runs) == ["success"] * 12

    assert [journals.load(run).root.output for run in runs] == [3] * 12
    assert {run.events.filter(type="workflow-step-start").count() for run in runs} == {3}


@pytest.mark.usefixtures("all_quick")
def test_bodies_that_wait_for_each_other_all_get_a_thread(settings: Any) -> None:
    settings.RUNS_WORKER_THREADS = 4
    barrier = threading.Barrier(4)
    runs = started(chain(lambda ctx: barrier.wait(DEADLINE) and None), 8)

    with running():
        assert at_rest(*runs) == ["success"] * 8


@pytest.mark.usefixtures("all_quick")
def test_a_body_that_raises_fails_its_run_and_no_other_of_its_round() -> None:
    def raises_at_times(ctx: Any) -> int:
        if ctx.run_id == "r2":
            raise ValueError("no")
        if ctx.run_id == "r4":
            raise SystemExit(1)
        return plus_one(ctx)

    with running():
        runs = started(chain(plus_one, raises_at_times), 6, 0)
        statuses = at_rest(*runs)

    failed = {"r2", "r4"}
    assert statuses == ["failed" if run.run_id in failed else "success" for run in runs]


@pytest.mark.usefixtures("all_quick")
def test_a_run_that_was_taken_over_is_left_alone_and_no_other_of_its_round() -> None:
    def loses_one(ctx: Any) -> int:
        if ctx.run_id == "r1":
            taken = {"lease_owner": "somebody", "fence": 99}
            Run.objects.filter(run_id="r1").update(**taken)
        return plus_one(ctx)

    with running():
        runs = started(chain(loses_one, plus_one), 4, 0)
        lost = next(run for run in runs if run.run_id == "r1")
        assert at_rest(*(run for run in runs if run is not lost)) == ["success"] * 3
        until(lambda: Run.objects.get(pk=lost.pk).fence == 99)

    lost.refresh_from_db()
    assert (lost.status, lost.fence, lost.lease_owner) == ("running", 99, "somebody")
    assert list(lost.steps.values_list("path", "status")) == [("", "running"), ("s0", "running")]


@pytest.mark.usefixtures("all_quick")
def test_a_cancel_that_comes_with_the_last_body_ends_the_run_canceled() -> None:
    def cancels(ctx: Any) -> int:
        if ctx.run_id == "r1":
            Run.objects.get(run_id="r1").cancel()
        return plus_one(ctx)

    with running():
        runs = started(chain(plus_one, cancels), 3, 0)
        statuses = at_rest(*runs)

    assert statuses == ["success", "canceled", "success"]


@pytest.mark.usefixtures("all_quick")
def test_a_run_whose_worker_leaves_goes_on_elsewhere_where_its_rounds_ended() -> None:
    gate = Gate()
    ran: list[str] = []

    def body(ctx: Any) -> int:
        ran.append(f"{ctx.run_id} {ctx.input_data}")
        if ctx.input_data == 1:
            gate.stop()
        return plus_one(ctx)

    [run] = started(chain(body, body, body), 1, 0)
    with running() as runner:
        gate.wait_reached()
        runner._loop.call_soon_threadsafe(runner._begin_to_drain)
        until(lambda: runner._draining)
        gate.open()
    with running():
        assert at_rest(run) == ["success"]

    assert ran == ["r0 0", "r0 1", "r0 2"]
    assert run.recoveries == 0
