from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runs import Workflow, create_workflow
from runs.exceptions import InvalidInput, RunNotSuspended, RunsError
from runs.models import RunEvent
from runs.operations import find_run
from tests.store.gallery import add, ask, same, step
from tests.store.waiting import Background, Gate, until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def types(events: Any) -> list[str]:
    return [event["type"].removeprefix("workflow-") for event in events]


def adding() -> Workflow:
    return create_workflow("w").then(add(1)).then(add(2)).commit()


ONE_STEP = ["step-start", "step-result"]


# --- start -----------------------------------------------------------------------------------


def test_a_stream_has_the_events_of_the_run_from_its_start_to_its_finish() -> None:
    run = adding().create_run(run_id="r")

    events = list(run.stream({"n": 1}))

    assert types(events) == ["start", *ONE_STEP, *ONE_STEP, "finish"]
    assert {event["runId"] for event in events} == {"r"}
    assert events[-1]["payload"]["workflowStatus"] == "success"
    assert events[-1]["payload"]["finalWorkflowResult"] == {"n": 4}


def test_an_event_is_told_when_it_is_stored_and_not_at_the_end() -> None:
    ran: list[str] = []
    flow = create_workflow("w").then(step("a", lambda c: ran.append("a")))
    run = flow.then(step("b", lambda c: ran.append("b"))).commit().create_run()
    seen = []

    for event in run.stream():
        seen.append((event["type"].removeprefix("workflow-"), list(ran)))
        stored = RunEvent.objects.filter(run=run).count()
        assert stored >= len(seen)

    assert seen == [
        ("start", []),
        ("step-start", []),
        ("step-result", ["a"]),
        ("step-start", ["a"]),
        ("step-result", ["a", "b"]),
        ("finish", ["a", "b"]),
    ]


def test_the_result_of_a_stream_is_the_outcome_of_the_run() -> None:
    stream = adding().create_run().stream({"n": 1})

    events = list(stream)

    assert (stream.result().result, len(events)) == ({"n": 4}, 6)


def test_the_result_can_be_asked_for_without_reading_the_events() -> None:
    run = adding().create_run()

    result = run.stream({"n": 1}, output_options={"include_state": True}).result()

    assert (result.result, result.state) == ({"n": 4}, {})
    assert types(run.observe()) == ["start", *ONE_STEP, *ONE_STEP, "finish"]


def test_a_stream_can_be_read_in_pieces() -> None:
    stream = adding().create_run().stream({"n": 1})
    first = iter(stream)
    begun = [next(first), next(first)]
    first.close()

    rest = list(stream)

    assert types(begun + rest) == ["start", *ONE_STEP, *ONE_STEP, "finish"]
    assert stream.result().status == "success"


def test_nothing_runs_before_the_stream_is_read() -> None:
    ran: list[int] = []
    run = create_workflow("w").then(step("s", lambda ctx: ran.append(1))).commit().create_run()

    stream = run.stream()

    assert ran == []
    list(stream)
    assert ran == [1]


def test_what_a_body_writes_is_between_its_start_and_its_result() -> None:
    def body(ctx: Any) -> None:
        ctx.writer.write({"percent": 50})
        ctx.writer.custom({"type": "mine", "data": 1})

    run = create_workflow("w").then(step("s", body)).commit().create_run(run_id="r")

    events = list(run.stream())

    assert types(events) == ["start", "step-start", "step-output", "mine", "step-result", "finish"]
    assert events[2]["payload"] == {"output": {"percent": 50}, "runId": "r", "stepName": "s"}


def test_a_stream_of_a_suspended_run_ends_and_the_next_one_goes_on() -> None:
    run = create_workflow("w").then(ask()).then(same("s")).commit().create_run()

    asked = list(run.stream({"n": 1}))
    answered = list(run.resume_stream("!"))

    assert types(asked) == ["start", "step-start", "step-suspended", "finish"]
    assert asked[-1]["payload"]["workflowStatus"] == "suspended"
    assert types(answered)[0] == "start"
    assert types(answered)[-3:] == [*ONE_STEP, "finish"]
    assert answered[-1]["payload"]["workflowStatus"] == "success"
    assert asked + answered == list(run.observe())


def test_a_time_travel_can_be_streamed() -> None:
    run = adding().create_run()
    first = list(run.stream({"n": 1}))

    stream = run.time_travel_stream("add-2", input_data={"n": 10})
    again = list(stream)

    assert types(again) == ["start", *ONE_STEP, "finish"]
    assert stream.result().result == {"n": 12}
    assert list(run.observe()) == first + again


def test_a_call_that_is_refused_is_a_stream_that_says_so() -> None:
    flow = create_workflow("w", input_schema={"type": "object"}).then(add(1)).commit()
    run = flow.create_run(run_id="r")

    stream = run.stream("not an object")
    events = list(stream)

    assert types(events) == ["start", "finish"]
    assert events[-1]["payload"]["workflowStatus"] == "failed"
    assert "Invalid input data" in events[-1]["payload"]["metadata"]["errorMessage"]
    with pytest.raises(InvalidInput):
        stream.result()
    run.refresh_from_db()
    assert (run.status, run.events.count()) == ("pending", 0)


# --- on an event loop ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_a_coroutine_reads_a_stream_with_async_for() -> None:
    run = await adding().acreate_run()

    stream = await run.astream({"n": 1})
    events = [event async for event in stream]

    assert types(events) == ["start", *ONE_STEP, *ONE_STEP, "finish"]
    assert (await stream.aresult()).result == {"n": 4}


@pytest.mark.django_db(transaction=True)
async def test_a_coroutine_may_have_the_result_alone() -> None:
    run = await adding().acreate_run()

    stream = await run.astream({"n": 1})

    assert (await stream.aresult()).result == {"n": 4}


@pytest.mark.django_db(transaction=True)
async def test_events_of_arms_that_run_at_once_come_as_they_happen() -> None:
    first, second = asyncio.Event(), asyncio.Event()

    async def one(ctx: Any) -> None:
        await asyncio.wait_for(first.wait(), 5)

    async def other(ctx: Any) -> None:
        await asyncio.wait_for(second.wait(), 5)

    flow = create_workflow("w").parallel([step("one", one), step("other", other)]).commit()
    run = await flow.acreate_run()
    ended: list[str] = []

    async for event in await run.astream():
        if event["type"] == "workflow-step-start":
            second.set()
        if event["type"] == "workflow-step-result":
            ended.append(event["payload"]["id"])
            first.set()

    assert ended == ["other", "one"]


@pytest.mark.django_db(transaction=True)
async def test_what_a_coroutine_body_writes_is_told_while_it_runs() -> None:
    go_on = asyncio.Event()

    async def body(ctx: Any) -> None:
        ctx.writer.write("begun")
        await asyncio.wait_for(go_on.wait(), 5)

    run = await create_workflow("w").then(step("s", body)).commit().acreate_run()

    seen = []
    async for event in await run.astream():
        seen.append(event)
        if event["type"] == "workflow-step-output":
            go_on.set()

    assert types(seen) == ["start", "step-start", "step-output", "step-result", "finish"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("impatient")
async def test_a_refused_coroutine_call_is_a_stream_that_says_so() -> None:
    run = await adding().acreate_run()

    stream = await run.aresume_stream("!")
    events = [event async for event in stream]

    assert types(events) == ["start", "finish"]
    with pytest.raises(RunNotSuspended):
        await stream.aresult()


@pytest.mark.django_db(transaction=True)
async def test_a_stream_that_nobody_reads_on_does_not_stop_its_run() -> None:
    run = await adding().acreate_run()
    stream = await run.astream({"n": 1})
    async for _ in stream:
        break

    assert (await stream.aresult()).status == "success"


# --- observing -------------------------------------------------------------------------------


def test_observing_a_finished_run_shows_its_history_and_ends() -> None:
    run = adding().create_run()
    told = list(run.stream({"n": 1}))

    assert list(find_run("w", run.run_id).observe()) == told


@pytest.mark.parametrize("offset", [0, 1, 3, 5, 6, 100])
def test_observing_begins_at_the_event_asked_for(offset: int) -> None:
    run = adding().create_run()
    told = list(run.stream({"n": 1}))

    assert list(run.observe(offset)) == told[offset:]


def test_observing_shows_all_executions_of_a_run() -> None:
    run = create_workflow("w").then(ask()).commit().create_run()
    run.start(1)
    run.resume("!")

    assert types(run.observe()).count("finish") == 2


@pytest.mark.django_db(transaction=True)
def test_observing_a_run_that_goes_on_follows_it_to_its_end() -> None:
    gate = Gate()
    flow = create_workflow("w").then(add(1)).then(step("s", lambda ctx: gate.stop())).commit()
    flow.create_run(run_id="r")
    driver = Background(lambda: find_run("w", "r").start({"n": 1}))
    gate.wait_reached()
    seen: list[dict[str, Any]] = []
    observer = Background(lambda: [seen.append(e) for e in find_run("w", "r").observe()])

    until(lambda: len(seen) == 4)
    gate.open()

    assert observer.outcome() is not None
    assert driver.outcome().status == "success"
    assert types(seen) == ["start", *ONE_STEP, "step-start", "step-result", "finish"]


@pytest.mark.django_db(transaction=True)
async def test_a_coroutine_may_observe() -> None:
    run = await adding().acreate_run()
    told = [event async for event in await run.astream({"n": 1})]

    assert [event async for event in await run.aobserve(2)] == told[2:]


def test_observing_a_run_that_was_never_started_ends_at_once() -> None:
    assert list(adding().create_run().observe()) == []


# --- without workers -------------------------------------------------------------------------

IN_WORDS = ("manage.py serve", "RUNS_EXECUTION")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["stream", "resume_stream", "time_travel_stream"])
def test_a_background_stream_without_workers_says_so_at_once(how: str) -> None:
    run = create_workflow("w").then(ask()).commit().create_run(execution="background")
    if how != "stream":
        run.execution_mode = "inline"
        run.start(1)
        run.execution_mode = "background"
    arguments = {"time_travel_stream": ("ask",), "resume_stream": ("!",)}.get(how, ())

    reader = Background(lambda: list(getattr(run, how)(*arguments)))

    failure = reader.outcome()
    said = str(failure) if isinstance(failure, RunsError) else str(failure[-1])
    assert all(word in said for word in IN_WORDS)
