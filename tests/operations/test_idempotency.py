"""Asking twice under one key: one run, one start, one outcome."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runs import Workflow, create_workflow
from runs.exceptions import IdempotencyConflict, RequestError
from runs.models import Run, RunKey
from tests.store.gallery import step
from tests.store.tables import all_rows
from tests.store.waiting import Background, Gate, together
from tests.worker.running import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]


def counting(ran: list[Any], id: str = "w") -> Workflow:
    def body(ctx: Any) -> Any:
        ran.append(ctx.input_data)
        return {"ran": len(ran)}

    return create_workflow(id).then(step("s", body)).commit()


def test_a_run_asked_for_twice_under_one_key_is_one_run() -> None:
    flow = counting([])

    first = flow.create_run(idempotency_key="order-1")
    again = flow.create_run(idempotency_key="order-1")
    other = flow.create_run(idempotency_key="order-2")

    assert (again.pk, again.run_id, other.pk == first.pk) == (first.pk, first.run_id, False)
    assert [key.key for key in first.keys.all()] == ["order-1"]


def test_two_workflows_may_be_asked_under_the_same_key() -> None:
    one = counting([], "one").create_run(idempotency_key="k")
    other = counting([], "other").create_run(idempotency_key="k")

    assert one.pk != other.pk


def test_a_second_start_under_the_key_gives_the_outcome_of_the_first() -> None:
    ran: list[Any] = []
    flow = counting(ran)

    results = [flow.create_run(idempotency_key="k").start({"n": 1}).result for _ in range(3)]

    assert results == [{"ran": 1}] * 3
    assert ran == [{"n": 1}]
    assert Run.objects.get().attempt == 1


def test_the_key_may_come_with_the_start_instead() -> None:
    ran: list[Any] = []
    run = counting(ran).create_run(run_id="r")

    run.start(1, idempotency_key="k")
    run.start(1, idempotency_key="k")
    run.start_async(1, idempotency_key="k")
    assert ran == [1]

    assert run.start(1, idempotency_key="another").result == {"ran": 2}
    assert run.start(1).result == {"ran": 3}
    assert run.attempt == 3


def test_a_stream_under_a_known_key_tells_again_what_the_first_start_told() -> None:
    ran: list[Any] = []
    flow = counting(ran)

    first = list(flow.create_run(idempotency_key="k").stream(1))
    again = flow.create_run(idempotency_key="k").stream(1)

    assert list(again) == first
    assert (again.result().status, ran) == ("success", [1])


def test_a_coroutine_starts_once_too() -> None:
    ran: list[Any] = []
    flow = counting(ran)

    async def call() -> Any:
        run = await flow.acreate_run(idempotency_key="k")
        return [event["type"] async for event in await run.astream(1)], await run.astart(1)

    told, result = asyncio.run(call())

    assert (told[0], told[-1], result.result) == (
        "workflow-start",
        "workflow-finish",
        {"ran": 1},
    )
    assert ran == [1]


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"run_id": "another"}, "whose run id is 'r', not 'another'"),
        ({"resource_id": "bob"}, "whose resource id is 'alice', not 'bob'"),
    ],
)
def test_a_key_that_was_used_for_another_run_is_refused(
    asked: dict[str, str], complaint: str
) -> None:
    flow = counting([])
    flow.create_run(run_id="r", resource_id="alice", idempotency_key="k")
    before = all_rows()

    with pytest.raises(IdempotencyConflict) as refused:
        flow.create_run(idempotency_key="k", **asked)

    about = "The idempotency key 'k' belongs to run 'r' of workflow 'w', "
    assert refused.value.message == about + complaint
    assert all_rows() == before


def test_a_key_that_was_used_with_another_input_is_refused() -> None:
    ran: list[Any] = []
    flow = counting(ran)
    run = flow.create_run(run_id="r", idempotency_key="k")
    run.start({"n": 1})
    before = all_rows()

    with pytest.raises(IdempotencyConflict) as refused:
        run.start({"n": 2})

    assert refused.value.message == (
        "Run 'r' of workflow 'w' was started under the idempotency key 'k' with another input"
    )
    assert (all_rows(), ran) == (before, [{"n": 1}])


def test_a_start_under_the_key_of_another_run_is_refused() -> None:
    ran: list[Any] = []
    flow = counting(ran)
    flow.create_run(idempotency_key="k").start(1)

    with pytest.raises(IdempotencyConflict, match="belongs to another run of workflow 'w'"):
        flow.create_run().start(1, idempotency_key="k")

    assert ran == [1]


@pytest.mark.parametrize("key", ["", "x" * 201, 7])
def test_a_key_is_text_of_a_reasonable_length(key: Any) -> None:
    with pytest.raises(RequestError, match="text of 1 to 200 characters"):
        counting([]).create_run(idempotency_key=key)


def test_a_start_that_is_refused_uses_up_no_key() -> None:
    ran: list[Any] = []
    flow = create_workflow("w", input_schema=int).then(step("s", ran.append)).commit()
    run = flow.create_run(idempotency_key="k")

    with pytest.raises(RequestError):
        run.start("no number")

    assert run.start(1).status == "success"
    assert len(ran) == 1


def test_of_many_callers_at_once_one_makes_the_run_and_all_get_its_outcome() -> None:
    gate, ran = Gate(), []

    def body(ctx: Any) -> Any:
        ran.append(1)
        gate.stop()
        return "done"

    flow = create_workflow("w").then(step("s", body)).commit()

    def call() -> Any:
        return flow.create_run(idempotency_key="k").start({"n": 1}).result

    callers = Background(lambda: together(*[call] * 8))
    gate.wait_reached()
    gate.open()

    assert callers.outcome() == ["done"] * 8
    assert (ran, Run.objects.count(), RunKey.objects.count()) == ([1], 1, 1)


def test_callers_of_workers_get_one_start_too(settings: Any) -> None:
    settings.RUNS_EXECUTION = "background"
    ran: list[Any] = []
    flow = counting(ran)

    def call() -> Any:
        return flow.create_run(idempotency_key="k").start({"n": 1}).result

    with running():
        assert together(*[call] * 6) == [{"ran": 1}] * 6

    # Nobody has to work for what is known.
    assert call() == {"ran": 1}
    assert ran == [{"n": 1}]
