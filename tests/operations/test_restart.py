from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runs import TripWire, Workflow, create_workflow
from runs.exceptions import RunNotActive, RunNotFound, RunStillRunning
from runs.models import Run
from runs.operations import find_run
from runs.store import lease
from runs.testing import crash
from tests.store.gallery import add, ask, step
from tests.store.tables import all_rows
from tests.store.waiting import Background, Gate, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]


class DiedError(BaseException):
    """Ends a body, and all that called it, as the death of the process would."""


class Mortal:
    """Steps that count their executions; one of them may take its process down."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.dies_in = ""

    def step(self, id: str, **options: Any) -> Any:
        def body(ctx: Any) -> Any:
            self.ran.append(id)
            if id == self.dies_in:
                self.dies_in = ""
                crash()
                raise DiedError
            return {"of": id}

        return step(id, body, **options)

    def chain(self, *ids: str) -> Workflow:
        flow = create_workflow("w")
        for id in ids:
            flow.then(self.step(id))
        return flow.commit()


def died(workflow: Workflow, input_data: Any = None, **options: Any) -> Run:
    run = workflow.create_run(run_id="r")
    with pytest.raises(DiedError):
        run.start(input_data, **options)
    return find_run("w", "r")


def test_a_run_goes_on_from_the_last_recorded_step() -> None:
    mortal = Mortal()
    mortal.dies_in = "b"
    run = died(mortal.chain("a", "b", "c"))
    assert run.status == "running"

    result = run.restart()

    assert (result.status, result.result) == ("success", {"of": "c"})
    assert mortal.ran == ["a", "b", "b", "c"]
    run.refresh_from_db()
    assert (run.status, run.lease_owner, run.due_at) == ("success", "", None)


@pytest.mark.parametrize("dies_in", ["a", "b", "c"])
def test_whichever_step_the_process_dies_in_only_that_one_runs_twice(dies_in: str) -> None:
    mortal = Mortal()
    mortal.dies_in = dies_in
    run = died(mortal.chain("a", "b", "c"))

    assert run.restart().status == "success"

    twice = [id for id in "abc" if mortal.ran.count(id) == 2]
    assert (twice, len(mortal.ran)) == ([dies_in], 4)


def test_a_run_can_die_and_be_restarted_many_times() -> None:
    mortal = Mortal()
    flow = mortal.chain("a", "b", "c")
    mortal.dies_in = "a"
    run = died(flow)
    for id in "bc":
        mortal.dies_in = id
        with pytest.raises(DiedError):
            run.restart()

    assert run.restart().status == "success"
    assert mortal.ran == ["a", "a", "b", "b", "c", "c"]


def test_items_of_a_foreach_that_were_recorded_do_not_run_again() -> None:
    ran: list[int] = []

    def body(ctx: Any) -> Any:
        ran.append(ctx.input_data)
        if ran.count(3) == 1 and ctx.input_data == 3:
            crash()
            raise DiedError
        return ctx.input_data * 10

    run = died(create_workflow("w").foreach(step("each", body)).commit(), [1, 2, 3, 4])

    assert run.restart().result == [10, 20, 30, 40]
    assert ran == [1, 2, 3, 3, 4]


def test_arms_and_decisions_that_were_recorded_are_not_asked_again() -> None:
    mortal, asked = Mortal(), []
    mortal.dies_in = "b"

    def condition(ctx: Any) -> bool:
        asked.append(ctx.input_data)
        return len(asked) <= 2

    flow = create_workflow("w")
    flow.branch([(condition, mortal.step("a")), (condition, mortal.step("b"))])
    run = died(flow.commit(), 1)

    assert run.restart().result == {"a": {"of": "a"}, "b": {"of": "b"}}
    assert (mortal.ran, asked) == (["a", "b", "b"], [1, 1])


def test_a_restart_may_change_the_request_context() -> None:
    seen: list[Any] = []

    def body(ctx: Any) -> Any:
        seen.append(dict(ctx.request_context))
        if len(seen) == 1:
            crash()
            raise DiedError

    flow = create_workflow("w").then(step("s", body)).commit()
    run = died(flow, request_context={"a": 1, "b": 1})

    run.restart(request_context={"b": 2})

    assert seen == [{"a": 1, "b": 1}, {"a": 1, "b": 2}]


def test_answers_that_were_given_are_given_again_to_the_step_that_died_with_them() -> None:
    answers: list[Any] = []

    def body(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend()
        answers.append(ctx.resume_data)
        if len(answers) == 1:
            crash()
            raise DiedError
        return ctx.resume_data

    run = create_workflow("w").then(step("s", body)).commit().create_run()
    run.start()
    with pytest.raises(DiedError):
        run.resume({"yes": 1})

    assert run.restart().result == {"yes": 1}
    assert answers == [{"yes": 1}] * 2


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["pending", "suspended", "paused", "canceled"])
def test_a_run_that_nobody_works_on_is_not_restarted(status: str) -> None:
    run = create_workflow("w").then(add(1)).then(ask()).commit().create_run()
    if status != "pending":
        run.start({"n": 1}, per_step=status == "paused")
    if status == "canceled":
        run.cancel()
    assert run.status == status
    before = all_rows()

    with pytest.raises(RunNotActive) as raised:
        run.restart()

    assert str(raised.value) == "This workflow run was not active"
    assert all_rows() == before


@pytest.mark.parametrize("ending", ["success", "failed", "tripwire"])
def test_a_finished_run_gives_its_outcome_again_and_changes_nothing(ending: str) -> None:
    ran: list[int] = []
    run = _ending(ending, ran).create_run()
    result = run.start()
    before = all_rows()

    again = run.restart()

    shown = ("status", "result", "error", "tripwire")
    assert [getattr(again, name) for name in shown] == [getattr(result, name) for name in shown]
    assert (again.status, ran, all_rows()) == (ending, [1], before)


def _ending(status: str, ran: list[int]) -> Workflow:
    def body(ctx: Any) -> Any:
        ran.append(1)
        if status == "failed":
            raise ValueError("no")
        if status == "tripwire":
            raise TripWire("too much")
        return "well"

    return create_workflow("w").then(step("s", body)).commit()


def test_a_run_that_somebody_works_on_is_not_restarted() -> None:
    gate = Gate()
    flow = create_workflow("w").then(step("s", lambda ctx: gate.stop())).commit()
    flow.create_run(run_id="r")
    driver = Background(lambda: find_run("w", "r").start())
    gate.wait_reached()
    before = Run.objects.values("fence", "attempt", "recoveries").get()

    with pytest.raises(RunStillRunning):
        find_run("w", "r").restart()

    assert Run.objects.values("fence", "attempt", "recoveries").get() == before
    gate.open()
    assert driver.outcome().status == "success"


def test_a_run_that_workers_have_not_taken_up_yet_can_be_driven_here() -> None:
    run = create_workflow("w").then(add(1)).commit().create_run(execution="background")
    run.start_async({"n": 1})

    run.execution_mode = "inline"

    assert run.restart().result == {"n": 2}


def test_a_run_that_does_not_exist_is_not_found() -> None:
    run = create_workflow("w").then(add(1)).commit().create_run(run_id="r")
    Run.objects.all().delete()

    with pytest.raises(RunNotFound) as raised:
        run.restart()

    assert str(raised.value) == "Snapshot not found for run r"


def test_of_many_who_restart_a_run_at_once_one_does() -> None:
    mortal, gate = Mortal(), Gate()
    mortal.dies_in = "a"
    flow = create_workflow("w").then(mortal.step("a")).then(step("b", lambda ctx: gate.stop()))
    died(flow.commit())
    refused: list[int] = []

    def restarting(n: int) -> Callable[[], Any]:
        def restart() -> Any:
            try:
                return find_run("w", "r").restart()
            except RunStillRunning:
                refused.append(n)
                if len(refused) == 3:
                    gate.open()
                raise

        return restart

    outcomes = together(*(restarting(n) for n in range(4)))

    [winner] = [one for one in outcomes if not isinstance(one, Exception)]
    assert (winner.status, len(refused)) == ("success", 3)
    assert mortal.ran == ["a", "a"]


def test_what_the_dead_process_still_says_is_not_recorded() -> None:
    """A process that only seemed dead, and wakes up when its run has gone on elsewhere."""
    gate, ran = Gate(), []

    def body(ctx: Any) -> Any:
        ran.append(1)
        if len(ran) == 1:
            gate.stop()
            return "of the dead"
        return "of the living"

    flow = create_workflow("w").then(step("s", body)).commit()
    flow.create_run(run_id="r")
    dead = Background(lambda: find_run("w", "r").start())
    gate.wait_reached()
    crash()

    result = find_run("w", "r").restart()
    gate.open()

    before = all_rows()
    assert type(dead.outcome()).__name__ == "LeaseLost"
    assert (result.result, all_rows()) == ("of the living", before)


# --- all of a workflow -----------------------------------------------------------------------


def test_all_active_runs_of_a_workflow_are_restarted_and_no_others() -> None:
    mortal = Mortal()
    flow = mortal.chain("a", "b")
    other = create_workflow("other").then(mortal.step("c")).commit()
    dead = {}
    for run_id in ("one", "two"):
        mortal.dies_in = "b"
        dead[run_id] = flow.create_run(run_id=run_id)
        with pytest.raises(DiedError):
            dead[run_id].start()
    pending, elsewhere = flow.create_run(), other.create_run(execution="background")
    elsewhere.start_async()

    flow.restart_all_active_workflow_runs()

    statuses = {run.run_id: find_run("w", run.run_id).status for run in [*dead.values(), pending]}
    assert statuses == {"one": "success", "two": "success", pending.run_id: "pending"}
    assert find_run("other", elsewhere.run_id).status == "running"


def test_a_run_that_somebody_works_on_does_not_keep_the_others_from_being_restarted() -> None:
    mortal = Mortal()
    flow = mortal.chain("a", "b")
    busy = flow.create_run(run_id="busy", execution="background")
    busy.start_async()
    assert lease.claim(busy.pk, "worker") is not None
    mortal.dies_in = "b"
    run = died(flow)

    flow.restart_all_active_workflow_runs()

    busy.refresh_from_db()
    run.refresh_from_db()
    assert (busy.status, busy.lease_owner, run.status) == ("running", "worker", "success")
