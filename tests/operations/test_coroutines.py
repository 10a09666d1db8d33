"""The coroutine twins do what the plain calls do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runs import Workflow, create_workflow
from runs.exceptions import InvalidInput, RunAlreadyStarted, RunNotActive, RunNotSuspended
from runs.models import Run
from runs.operations import acreate_run
from runs.testing import acrash
from tests.store.gallery import add, ask, same, step
from tests.store.waiting import DEADLINE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "impatient"),
]


def asking() -> Workflow:
    return create_workflow("w").then(add(1)).then(ask()).then(same("s")).commit()


async def test_a_run_from_its_creation_to_its_end() -> None:
    run = await asking().acreate_run(run_id="r")

    asked = await run.astart({"n": 1})
    answered = await run.aresume({"yes": True})
    again = await run.atime_travel("s")

    assert (asked.status, asked.suspended) == ("suspended", [["ask"]])
    assert answered.result == {"answer": {"yes": True}, "asked": {"question": {"n": 2}}}
    assert (again.status, again.result) == ("success", answered.result)
    assert (await Run.objects.aget()).attempt == 2


async def test_plain_bodies_use_the_orm_on_a_loop_too() -> None:
    flow = create_workflow("w").then(step("count", lambda ctx: Run.objects.count())).commit()
    run = await flow.acreate_run()

    assert (await run.astart()).result == 1


async def test_start_async_goes_on_as_a_task_of_the_loop() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def body(ctx: Any) -> None:
        begun.set()
        await asyncio.wait_for(go_on.wait(), DEADLINE)

    run = await create_workflow("w").then(step("s", body)).commit().acreate_run()
    await run.astart_async()
    await asyncio.wait_for(begun.wait(), DEADLINE)
    await run.arefresh_from_db()
    status = run.status

    go_on.set()
    events = [event["type"] async for event in await run.aobserve()]

    assert (status, events[-1]) == ("running", "workflow-finish")


async def test_resume_async_goes_on_as_a_task_of_the_loop() -> None:
    run = await asking().acreate_run()
    await run.astart({"n": 1})

    await run.aresume_async("!")
    events = [event async for event in await run.aobserve()]

    assert events[-1]["payload"]["workflowStatus"] == "success"


async def test_many_runs_on_one_loop_do_not_wait_for_each_other() -> None:
    here: list[str] = []
    all_here = asyncio.Event()

    async def body(ctx: Any) -> None:
        here.append(ctx.run_id)
        if len(here) == 20:
            all_here.set()
        await asyncio.wait_for(all_here.wait(), DEADLINE)

    flow = create_workflow("w").then(step("s", body)).commit()
    runs = [await flow.acreate_run() for _ in range(20)]

    results = await asyncio.gather(*(run.astart() for run in runs))

    assert [result.status for result in results] == ["success"] * 20


async def test_wrong_calls_are_refused() -> None:
    strict = create_workflow("strict", input_schema={"type": "object"}).then(add(1)).commit()
    with pytest.raises(InvalidInput):
        await (await acreate_run(strict)).astart("no")
    run = await asking().acreate_run()
    with pytest.raises(RunNotSuspended):
        await run.aresume("!")
    with pytest.raises(RunNotActive):
        await run.arestart()
    await run.astart({"n": 1})
    with pytest.raises(RunAlreadyStarted):
        await run.astart({"n": 1})


async def test_a_run_whose_process_died_is_restarted() -> None:
    ran: list[str] = []
    crashed = asyncio.Event()

    async def body(ctx: Any) -> Any:
        ran.append("s")
        if len(ran) == 1:
            await acrash()
            crashed.set()
            await asyncio.sleep(DEADLINE)
        return "again"

    flow = create_workflow("w").then(step("s", body)).commit()
    run = await flow.acreate_run()
    dead = asyncio.ensure_future(run.astart())
    await asyncio.wait_for(crashed.wait(), DEADLINE)

    result = await run.arestart()

    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)
    assert (result.result, len(ran)) == ("again", 2)


async def test_a_driver_that_is_canceled_by_its_loop_writes_nothing_more() -> None:
    """A task that is canceled (a client that hung up) leaves its run to be taken over."""
    begun = asyncio.Event()
    ended: list[str] = []

    async def body(ctx: Any) -> None:
        begun.set()
        try:
            await asyncio.sleep(DEADLINE)
        finally:
            ended.append("body")

    run = await create_workflow("w").then(step("s", body)).commit().acreate_run()
    going = asyncio.ensure_future(run.astart())
    await asyncio.wait_for(begun.wait(), DEADLINE)
    before = [event async for event in run.events.values()]

    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going

    assert ended == ["body"]
    assert [event async for event in run.events.values()] == before
    await run.arefresh_from_db()
    assert run.status == "running"


async def test_runs_are_listed_read_and_deleted() -> None:
    flow = asking()
    run = await flow.acreate_run(run_id="r")
    await run.astart({"n": 1})

    record = await flow.aget_workflow_run_by_id("r")
    listed = await flow.alist_workflow_runs(status="suspended")
    await flow.adelete_workflow_run_by_id("r")

    assert record is not None
    assert (record["runId"], record["status"]) == ("r", "suspended")
    assert ([one["runId"] for one in listed["runs"]], listed["total"]) == (["r"], 1)
    assert await flow.aget_workflow_run_by_id("r") is None


async def test_all_active_runs_of_a_workflow_are_restarted() -> None:
    flow = create_workflow("w").then(add(1)).commit()
    run = await flow.acreate_run(execution="background")
    await run.astart_async({"n": 1})

    await flow.arestart_all_active_workflow_runs()

    await run.arefresh_from_db()
    assert run.status == "success"
