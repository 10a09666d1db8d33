"""The preview of a time travel says what the time travel then does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runs import Step, Workflow, create_workflow
from runs.exceptions import Conflict, InvalidInput, InvalidTarget, RunNotFound
from runs.models import Run
from runs.operations import TravelPlan, aplan_time_travel, plan_time_travel
from runs.testing import crash_before
from tests.store.gallery import step
from tests.store.tables import all_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]

Ran = list[str]


@pytest.fixture
def ran() -> Ran:
    """The paths of the bodies that began, in order."""
    return []


class Bodies:
    """Steps that note where in the run they are executed."""

    def __init__(self, ran: Ran) -> None:
        self._ran = ran

    def __call__(self, id: str, **options: Any) -> Step:
        def body(ctx: Any) -> Any:
            self._ran.append(ctx.logger.extra["step"])
            return {"n": 1, "by": id}

        return step(id, body, **options)

    def asking(self, id: str) -> Step:
        def body(ctx: Any) -> Any:
            self._ran.append(ctx.logger.extra["step"])
            return ctx.suspend({"ask": id}) if ctx.resume_data is None else {"n": 1}

        return step(id, body)


@pytest.fixture
def body(ran: Ran) -> Bodies:
    return Bodies(ran)


# --- flows to travel in ----------------------------------------------------------------------


def chain(body: Bodies) -> Workflow:
    return create_workflow("w").then(body("a")).then(body("b")).then(body("c"))


def parallel(body: Bodies) -> Workflow:
    both = [body("left"), body("right")]
    return create_workflow("w").then(body("a")).parallel(both).then(body("z"))


def branch(body: Bodies) -> Workflow:
    arms = [(lambda ctx: True, body("left")), (lambda ctx: False, body("right"))]
    return create_workflow("w").then(body("a")).branch(arms).then(body("z"))


def nested(body: Bodies) -> Workflow:
    inner = create_workflow("inner").then(body("x")).then(body("y")).commit()
    return create_workflow("w").then(body("a")).then(inner).then(body("z"))


def loop(body: Bodies) -> Workflow:
    again = body("again")
    flow = create_workflow("w").then(body("a")).dowhile(again, lambda ctx: ctx.iteration_count < 3)
    return flow.then(body("z"))


def foreach(body: Bodies) -> Workflow:
    flow = create_workflow("w").then(body("a")).map(lambda ctx: [1, 2, 3])
    return flow.foreach(body("each")).then(body("z"))


def twice(body: Bodies) -> Workflow:
    again = body("again")
    return create_workflow("w").then(again).then(body("b")).then(again).then(body("c"))


TRIPS: dict[str, tuple[Callable[[Bodies], Workflow], Any, Ran, Ran]] = {
    "the first step": (chain, "a", [], ["a", "b", "c"]),
    "the middle": (chain, "b", ["a"], ["b", "c"]),
    "the last step": (chain, "c", ["a", "b"], ["c"]),
    "one arm": (parallel, "right", ["a", "left"], ["right", "z"]),
    "behind a parallel": (parallel, "z", ["a", "left", "right"], ["z"]),
    "the arm taken": (branch, "left", ["a"], ["left", "z"]),
    "the arm not taken": (branch, "right", ["a", "left"], ["z"]),
    "behind a branch": (branch, "z", ["a", "left"], ["z"]),
    "a nested workflow": (nested, "inner", ["a"], ["inner", "inner/x", "inner/y", "z"]),
    "inside it": (nested, "inner.y", ["a", "inner/x"], ["inner", "inner/y", "z"]),
    "behind it": (nested, "z", ["a", "inner", "inner/x", "inner/y"], ["z"]),
    "a loop": (loop, "again", ["a"], ["again#1", "again#2", "again#3", "z"]),
    "behind a loop": (loop, "z", ["a", "again#1", "again#2", "again#3"], ["z"]),
    "a foreach": (
        foreach,
        "each",
        ["a", "mapping_w_0"],
        ["each", "each[0]", "each[1]", "each[2]", "z"],
    ),
    "behind a foreach": (
        foreach,
        "z",
        ["a", "mapping_w_0", "each", "each[0]", "each[1]", "each[2]"],
        ["z"],
    ),
    "between two uses of a step": (twice, "b", ["again"], ["b", "again~2", "c"]),
}


WITHOUT_BODY = {"inner", "each", "mapping_w_0"}


@pytest.mark.parametrize("trip", TRIPS.values(), ids=TRIPS.keys())
def test_what_the_plan_says_is_what_happens(trip: Any, body: Bodies, ran: Ran) -> None:
    make, target, kept, again = trip
    flow = make(body).commit()
    run = flow.create_run()
    run.start({"n": 0})
    ran.clear()

    plan = plan_time_travel(run, target)
    assert ran == []
    assert run.time_travel(target).status == "success"

    assert (plan.target, plan.attempt, plan.assumed) == (target, 2, [])
    assert sorted(plan.kept) == sorted(kept)
    assert plan.again == again
    first_time = ["right"] if target == "right" and make is branch else []
    bodies = [path for path in plan.again if path not in WITHOUT_BODY]
    assert ran == [*first_time, *bodies]
    assert run.attempts.last().number == plan.attempt


def test_what_the_caller_brings_along_is_assumed(body: Bodies, ran: Ran) -> None:
    run = chain(body).commit().create_run()
    brought = {
        "a": {"status": "success", "payload": {}, "output": {"n": 5}},
        "b": {"status": "success", "payload": {}, "output": {"n": 6}},
    }

    plan = plan_time_travel(run, "c", context=brought)
    result = run.time_travel("c", context=brought)

    assert plan == TravelPlan("c", attempt=1, kept=[], assumed=["a", "b"], again=[])
    assert (result.status, ran) == ("success", ["c"])


def test_an_input_for_the_target_replaces_what_was_before_it(body: Bodies, ran: Ran) -> None:
    run = chain(body).commit().create_run()
    run.start({"n": 0})
    ran.clear()

    plan = plan_time_travel(run, "c", input_data={"n": 9})
    run.time_travel("c", input_data={"n": 9})

    assert (plan.kept, plan.assumed) == (["a"], ["b"])
    assert ran == ["c"]


def test_an_answer_to_a_suspended_target_is_planned_too(body: Bodies, ran: Ran) -> None:
    flow = create_workflow("w").then(body("a")).then(body.asking("ask")).then(body("z"))
    run = flow.commit().create_run()
    run.start({"n": 0})
    ran.clear()

    plan = plan_time_travel(run, "ask", resume_data={"yes": True})
    result = run.time_travel("ask", resume_data={"yes": True})

    assert (plan.kept, plan.again) == (["a"], ["ask"])
    assert (result.status, ran) == ("success", ["ask", "z"])


def test_a_suspended_sibling_of_the_target_is_not_run(body: Bodies, ran: Ran) -> None:
    flow = create_workflow("w").parallel([body("left"), body.asking("ask")])
    run = flow.commit().create_run()
    run.start({"n": 0})
    ran.clear()

    plan = plan_time_travel(run, "left")
    result = run.time_travel("left")

    assert (result.status, ran) == ("suspended", ["left"])
    assert (plan.kept, plan.again) == (["ask"], ["left"])


# --- it only looks ---------------------------------------------------------------------------


def test_a_plan_changes_nothing(body: Bodies) -> None:
    run = parallel(body).commit().create_run()
    run.start({"n": 0})
    before = all_rows()

    plan_time_travel(run, "right", input_data={"n": 3}, initial_state={"x": 1})

    assert all_rows() == before


@pytest.mark.django_db(transaction=True)
async def test_a_coroutine_plans_alike(body: Bodies) -> None:
    run = await chain(body).commit().acreate_run()
    await run.astart({"n": 0})

    assert await aplan_time_travel(run, "b") == TravelPlan("b", 2, ["a"], [], ["b", "c"])


def running(run: Run) -> Run:
    with crash_before("b"):
        run.start({"n": 0})
    return run


def done(run: Run) -> Run:
    run.start({"n": 0})
    return run


WRONG: dict[str, tuple[Callable[[Run], Run], Any, dict[str, Any], type[Exception]]] = {
    "an unknown step": (done, "nowhere", {}, InvalidTarget),
    "no step": (done, "", {}, InvalidTarget),
    "below a plain step": (done, "a.b", {}, InvalidTarget),
    "a run that is running": (running, "a", {}, Conflict),
    "an input that does not fit": (done, "typed", {"input_data": {"n": "x"}}, InvalidInput),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_trip_that_would_be_refused_is_refused_in_the_same_words(
    wrong: Any, body: Bodies
) -> None:
    before_it, target, options, error = wrong
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    flow = chain(body).then(body("typed", input_schema=schema)).commit()
    run = before_it(flow.create_run())

    with pytest.raises(error) as planned:
        plan_time_travel(run, target, **options)
    with pytest.raises(error) as travelled:
        run.time_travel(target, **options)

    assert type(planned.value) is type(travelled.value)
    assert str(planned.value) == str(travelled.value)


def test_a_run_that_is_gone_has_no_plan(body: Bodies) -> None:
    run = chain(body).commit().create_run(run_id="r")
    Run.objects.all().delete()

    with pytest.raises(RunNotFound) as raised:
        plan_time_travel(run, "a")

    assert str(raised.value) == "Snapshot not found for run r"
