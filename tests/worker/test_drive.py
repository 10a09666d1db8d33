"""The order that the drive loop keeps, wherever it drives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from runs import Workflow, create_workflow
from runs.models import Run
from runs.worker import pace
from tests.store.gallery import add, step
from tests.store.waiting import DEADLINE
from tests.worker.running import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]

Driver = Callable[..., Any]


def in_the_callers_thread(workflow: Workflow, input_data: Any = None) -> Any:
    return workflow.create_run(execution="inline").start(input_data)


def on_a_loop(workflow: Workflow, input_data: Any = None) -> Any:
    async def call() -> Any:
        run = await workflow.acreate_run(execution="inline")
        return await run.astart(input_data)

    return asyncio.run(call())


def in_a_worker(workflow: Workflow, input_data: Any = None) -> Any:
    with running():
        return workflow.create_run(execution="background").start(input_data)


def in_rounds_of_a_worker(workflow: Workflow, input_data: Any = None) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "TRUSTED", 0)
        return in_a_worker(workflow, input_data)


DRIVERS = (in_the_callers_thread, on_a_loop, in_a_worker, in_rounds_of_a_worker)
everywhere = pytest.mark.parametrize("drive", DRIVERS, ids=[one.__name__ for one in DRIVERS])


def stored(run_id: str) -> list[str]:
    """What is stored of a run, as a body of it sees."""
    run = Run.objects.get(run_id=run_id)
    steps = [
        f"{path or '(run)'} {status}" for path, status in run.steps.values_list("path", "status")
    ]
    return sorted(steps) + list(run.events.order_by("seq").values_list("type", "path"))


@everywhere
def test_that_a_body_began_is_stored_before_it_begins(drive: Driver) -> None:
    seen: list[Any] = []
    flow = create_workflow("w").then(step("a", lambda ctx: seen.append(stored(ctx.run_id))))

    drive(flow.commit())

    assert seen == [
        ["(run) running", "a running", ("workflow-start", ""), ("workflow-step-start", "a")]
    ]


@everywhere
def test_an_outcome_is_stored_together_with_the_start_of_what_follows(drive: Driver) -> None:
    seen: list[Any] = []
    flow = create_workflow("w").then(step("a", lambda ctx: 1))

    drive(flow.then(step("b", lambda ctx: seen.append(stored(ctx.run_id)))).commit())

    assert seen == [
        [
            "(run) running",
            "a success",
            "b running",
            ("workflow-start", ""),
            ("workflow-step-start", "a"),
            ("workflow-step-result", "a"),
            ("workflow-step-start", "b"),
        ]
    ]


@everywhere
def test_a_decision_is_stored_before_what_it_decides_begins(drive: Driver) -> None:
    seen: list[Any] = []
    arm = step("a", lambda ctx: seen.append(stored(ctx.run_id)[:3]))

    drive(create_workflow("w").branch([(lambda ctx: True, arm)]).commit())

    assert seen == [["(run) running", "a running", "branch_0? success"]]


@everywhere
def test_a_condition_is_asked_once(drive: Driver) -> None:
    asked: list[Any] = []
    flow = create_workflow("w").dountil(add(1), lambda ctx: asked.append(ctx.input_data) or True)
    flow.branch([(lambda ctx: asked.append("branch") or True, add(2))])

    drive(flow.map(lambda ctx: asked.append("map")).commit(), {"n": 1})

    assert asked == [{"n": 2}, "branch", "map"]


@everywhere
def test_bodies_of_all_kinds_do_their_work_everywhere(drive: Driver) -> None:
    async def double(ctx: Any) -> Any:
        await asyncio.sleep(0)
        return {"n": ctx.input_data["n"] * 2}

    flow = create_workflow("w").then(add(1)).then(step("double", double)).sleep(0.001)
    flow.parallel([add(3), step("double-again", double)])
    flow.map(lambda ctx: {"n": sum(arm["n"] for arm in ctx.input_data.values())})

    assert drive(flow.commit(), {"n": 1}).result == {"n": 7 + 8}


@everywhere
def test_what_a_body_tells_is_stored_in_its_order(drive: Driver) -> None:
    def body(ctx: Any) -> None:
        for n in range(20):
            ctx.writer.write(n)

    flow = create_workflow("w").then(step("s", body)).commit()

    drive(flow)

    written = [
        event["payload"]["output"]
        for event in Run.objects.get().observe()
        if event["type"] == "workflow-step-output"
    ]
    assert written == list(range(20))


@pytest.mark.parametrize("drive", [on_a_loop, in_a_worker])
def test_what_a_body_tells_is_stored_while_it_runs(drive: Driver) -> None:
    async def body(ctx: Any) -> str:
        ctx.writer.write("half")
        async with asyncio.timeout(DEADLINE):
            while not await Run.objects.filter(events__type="workflow-step-output").aexists():
                await asyncio.sleep(0.005)
        return "seen"

    assert drive(create_workflow("w").then(step("s", body)).commit()).result == "seen"


@everywhere
def test_a_foreach_of_many_is_driven_to_its_end(drive: Driver) -> None:
    flow = create_workflow("w").foreach(step("s", lambda ctx: ctx.input_data + 1), concurrency=8)

    assert drive(flow.commit(), list(range(100))).result == list(range(1, 101))


@everywhere
def test_a_deep_nest_is_driven_to_its_end(drive: Driver) -> None:
    flow = create_workflow("level-0").then(add(1)).commit()
    for level in range(1, 25):
        flow = create_workflow(f"level-{level}").then(flow).then(add(1)).commit()

    result = drive(flow, {"n": 0})

    assert result.result == {"n": 25}


@everywhere
def test_step_ids_of_any_text_find_their_way_back(drive: Driver) -> None:
    ids = ["a/b", "c#1", "d[0]", "e!2", "f~2", "g?", "h:i", "ü \U0001f600", "x" * 150]
    flow = create_workflow("w")
    for id in ids:
        flow.then(step(id, lambda ctx, id=id: [*(ctx.input_data or []), id]))

    result = drive(flow.commit())

    assert result.result == ids
    assert list(result.steps) == ["input", *ids]
    assert Run.objects.get().steps.count() == len(ids) + 1
