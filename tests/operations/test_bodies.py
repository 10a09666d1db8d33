"""What bodies are called with and how often, when plain code drives them in its own thread."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest
from pydantic import BaseModel

from runs import StepContext, Workflow, create_step, create_workflow
from runs.models import Run
from tests.store.gallery import add, step
from tests.store.waiting import DEADLINE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


class Order(BaseModel):
    sku: str
    quantity: int = 1


def single(body: Any, **options: Any) -> Workflow:
    return create_workflow("w").then(step("s", body, **options)).commit()


# --- plain and coroutine functions -----------------------------------------------------------


def test_a_plain_body_runs_in_its_callers_thread() -> None:
    flow = single(lambda ctx: threading.current_thread() is caller)
    caller = threading.current_thread()

    assert flow.create_run().start().result is True


def test_plain_and_coroutine_bodies_may_be_mixed() -> None:
    async def double(ctx: Any) -> Any:
        await asyncio.sleep(0)
        return {"n": ctx.input_data["n"] * 2}

    flow = create_workflow("w").then(add(1)).then(step("double", double)).then(add(2)).commit()

    assert flow.create_run().start({"n": 1}).result == {"n": 6}


class Doubling:
    """A body need not be a function."""

    async def __call__(self, ctx: Any) -> Any:
        return ctx.input_data * 2


def test_an_object_with_a_coroutine_call_is_a_body() -> None:
    assert single(Doubling()).create_run().start(4).result == 8


def test_conditions_maps_and_waits_may_be_coroutine_functions() -> None:
    async def over_1(ctx: Any) -> bool:
        return bool(ctx.input_data["n"] > 1)

    async def plus_10(ctx: Any) -> Any:
        return {"n": ctx.input_data["n"] + 10}

    async def shortly(ctx: Any) -> float:
        return 0.001

    flow = create_workflow("w").branch([(over_1, add(1))]).map(plus_of("add-1")).map(plus_10)
    flow.sleep(shortly).dountil(add(3), over_1)

    assert flow.commit().create_run().start({"n": 2}).result == {"n": 16}


def plus_of(step_id: str) -> Any:
    return lambda ctx: ctx.input_data[step_id]


@pytest.mark.django_db(transaction=True)
async def test_on_a_loop_coroutine_bodies_of_a_parallel_run_at_once() -> None:
    here: list[str] = []
    both = asyncio.Event()

    def meeting(name: str) -> Any:
        async def body(ctx: Any) -> str:
            here.append(name)
            if len(here) == 2:
                both.set()
            await asyncio.wait_for(both.wait(), DEADLINE)
            return name

        return step(name, body)

    run = await create_workflow("w").parallel([meeting("a"), meeting("b")]).commit().acreate_run()

    assert (await run.astart()).result == {"a": "a", "b": "b"}


# --- what they are given ---------------------------------------------------------------------


def test_a_declared_model_is_what_the_body_gets_and_may_return() -> None:
    seen: list[Any] = []

    @create_step
    def price(ctx: StepContext[Order]) -> Order:
        seen.append(ctx.input_data)
        return Order(sku=ctx.input_data.sku, quantity=ctx.input_data.quantity * 2)

    result = create_workflow("w").then(price).commit().create_run().start({"sku": "A"})

    assert seen == [Order(sku="A", quantity=1)]
    assert result.result == {"sku": "A", "quantity": 2}


def test_a_body_knows_where_it_is() -> None:
    def body(ctx: Any) -> Any:
        return [ctx.run_id, ctx.workflow_id, ctx.resource_id, ctx.retry_count, ctx.iteration_count]

    run = single(body).create_run(run_id="r", resource_id="customer-7")

    assert run.start().result == ["r", "w", "customer-7", 0, None]


def test_a_body_sees_what_came_before_it() -> None:
    def body(ctx: Any) -> Any:
        by_step = ctx.get_step_result(before)
        by_id = ctx.get_step_result("add-1")
        return [ctx.get_init_data(), by_step, by_id, ctx.get_step_result("nobody")]

    before = add(1)
    flow = create_workflow("w").then(before).then(add(2)).then(step("s", body)).commit()

    assert flow.create_run().start({"n": 1}).result == [{"n": 1}, {"n": 2}, {"n": 2}, None]


def test_unset_resume_and_suspend_data_are_none() -> None:
    run = single(lambda ctx: [ctx.resume_data, ctx.suspend_data]).create_run()

    assert run.start().result == [None, None]


def test_what_a_body_logs_says_where_it_was(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "runs.step")

    single(lambda ctx: ctx.logger.info("hello")).create_run(run_id="r").start()

    [record] = [record for record in caplog.records if record.name == "runs.step"]
    assert record.getMessage() == "hello"
    assert {name: getattr(record, name) for name in ("run", "workflow", "step")} == {
        "run": "r",
        "workflow": "w",
        "step": "s",
    }


# --- state and request context ---------------------------------------------------------------


def test_state_is_merged_step_by_step_and_kept() -> None:
    first = step("first", lambda ctx: ctx.set_state({"a": 1, "b": {"x": 1}}))
    second = step("second", lambda ctx: ctx.set_state({"b": 2}))
    last = step("last", lambda ctx: ctx.state)
    run = create_workflow("w").then(first).then(second).then(last).commit().create_run()

    result = run.start(initial_state={"z": 0}, output_options={"include_state": True})

    assert result.result == result.state == {"z": 0, "a": 1, "b": 2}


def test_state_of_a_try_that_failed_is_not_kept() -> None:
    def body(ctx: Any) -> Any:
        ctx.set_state({"tries": ctx.retry_count})
        if ctx.retry_count < 1:
            ctx.set_state({"lost": True})
            raise ValueError("again")

    run = single(body, retries=1).create_run()

    assert run.start(output_options={"include_state": True}).state == {"tries": 1}


def test_what_a_body_does_to_the_state_it_was_given_is_its_own_affair() -> None:
    def body(ctx: Any) -> None:
        ctx.state["list"].append(2)

    run = single(body).create_run()
    result = run.start(initial_state={"list": [1]}, output_options={"include_state": True})

    assert result.state == {"list": [1]}


def test_request_context_is_shared_by_all_steps_and_stored() -> None:
    def write(ctx: Any) -> None:
        ctx.request_context["b"] = {"deep": [2]}
        del ctx.request_context["gone"]

    read = step("read", lambda ctx: dict(ctx.request_context))
    run = create_workflow("w").then(step("write", write)).then(read).commit().create_run()

    result = run.start(request_context={"a": 1, "gone": 1})

    assert result.result == {"a": 1, "b": {"deep": [2]}}
    assert Run.objects.get().request_context == {"a": 1, "b": {"deep": [2]}}


def test_a_step_may_demand_something_of_the_request_context() -> None:
    schema = {"type": "object", "required": ["user"], "properties": {"user": {"type": "string"}}}
    flow = single(lambda ctx: "ran", request_context_schema=schema)

    refused, accepted = (
        flow.create_run().start(),
        flow.create_run().start(request_context={"user": "alice"}),
    )

    assert (refused.status, accepted.result) == ("failed", "ran")
    assert refused.error["message"].startswith(
        "Step request context validation failed for step 's': \n- "
    )


# --- leaving early ---------------------------------------------------------------------------


def test_bailing_ends_the_workflow_well() -> None:
    ran: list[int] = []
    flow = create_workflow("w").then(step("s", lambda ctx: ctx.bail({"early": 1})))
    run = flow.then(step("t", lambda ctx: ran.append(1))).commit().create_run()

    result = run.start()

    assert (result.status, result.result, ran) == ("success", {"early": 1}, [])


def test_aborting_cancels_the_run() -> None:
    def body(ctx: Any) -> Any:
        ctx.abort()
        return ctx.abort_signal.aborted

    run = create_workflow("w").then(step("s", body)).then(add(1)).commit().create_run()

    result = run.start()

    assert (result.status, run.status) == ("canceled", "canceled")
    assert result.steps["s"]["output"] is True


def test_one_entry_at_a_time() -> None:
    run = create_workflow("w").then(add(1)).then(add(2)).commit().create_run()

    result = run.start({"n": 1}, per_step=True)

    run.refresh_from_db()
    assert (result.status, run.status, run.lease_owner) == ("paused", "paused", "")
    assert list(result.steps) == ["input", "add-1"]
