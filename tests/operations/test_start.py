from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from runs import Workflow, create_workflow
from runs.definition.registry import isolated_registry
from runs.exceptions import (
    InvalidInput,
    InvalidRequestContext,
    NotSerializable,
    PayloadTooLarge,
    RunAlreadyStarted,
    RunNotFound,
    WorkflowNotFound,
)
from runs.models import Run
from runs.operations import find_run
from runs.store import journals
from tests.store.gallery import add, ask, same, step
from tests.store.tables import all_rows
from tests.store.waiting import Background, Gate, together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


class Order(BaseModel):
    sku: str
    quantity: int = 1


class Tally(BaseModel):
    count: int


STRICT: dict[str, Any] = {
    "input_schema": Order,
    "state_schema": Tally,
    "request_context_schema": {
        "type": "object",
        "properties": {"locale": {"type": "string"}},
        "required": ["locale"],
    },
}
GOOD: dict[str, Any] = {
    "input_data": {"sku": "A1"},
    "initial_state": {"count": 0},
    "request_context": {"locale": "de"},
}


def strict(**options: Any) -> Workflow:
    return create_workflow("strict", **STRICT, **options).then(same("echo")).commit()


# --- what fits -------------------------------------------------------------------------------


def test_a_run_starts_with_what_its_schemas_make_of_the_arguments() -> None:
    run = strict().create_run()

    result = run.start(**GOOD, output_options={"include_state": True})

    assert result.input == {"sku": "A1", "quantity": 1}
    assert result.state == {"count": 0}
    run.refresh_from_db()
    assert run.request_context == {"locale": "de"}


def test_the_outcome_of_a_good_run_is_returned_and_stored() -> None:
    run = create_workflow("w").then(add(1)).then(add(2)).commit().create_run(run_id="r")

    result = run.start({"n": 1})

    record = run.workflow_id, run.status, result.run_id, result.step_execution_path
    assert record == ("w", "success", "r", ["add-1", "add-2"])
    assert (result.status, result.result, result.input) == ("success", {"n": 4}, {"n": 1})
    assert {name: one["output"] for name, one in result.steps.items() if name != "input"} == {
        "add-1": {"n": 2},
        "add-2": {"n": 4},
    }
    stored = find_run("w", "r")
    assert (stored.status, stored.lease_owner, stored.due_at) == ("success", "", None)
    assert stored.started_at is not None
    assert stored.ended_at is not None
    assert stored.started_at <= stored.ended_at


def test_wire_names_are_camel_case_and_nothing_empty_is_shown() -> None:
    result = create_workflow("w").then(add(1)).commit().create_run(run_id="r").start({"n": 1})

    assert result.to_wire().keys() == {
        "status",
        "steps",
        "input",
        "runId",
        "stepExecutionPath",
        "result",
    }


def test_a_run_without_input_gets_none() -> None:
    seen: list[Any] = []
    flow = create_workflow("w").then(step("s", lambda ctx: seen.append(ctx.input_data))).commit()

    result = flow.create_run().start()

    assert (result.status, seen) == ("success", [None])


def test_validation_can_be_switched_off() -> None:
    result = strict(validate_inputs=False).create_run().start({"anything": "goes"})

    assert (result.status, result.result) == ("success", {"anything": "goes"})


# --- what does not ---------------------------------------------------------------------------

WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"input_data": {}}, InvalidInput, "Invalid input data: \n- sku: "),
    ({"input_data": None}, InvalidInput, "Invalid input data: \n- "),
    ({"input_data": {"sku": "a", "quantity": "x"}}, InvalidInput, "Invalid input data: \n- quan"),
    ({"initial_state": {"count": "x"}}, InvalidInput, "Invalid initial data: \n- count: "),
    ({"initial_state": None}, InvalidInput, "Invalid initial data: \n- count: "),
    (
        {"request_context": {"locale": 1}},
        InvalidRequestContext,
        "Request context validation failed for workflow 'strict': \n- locale: ",
    ),
    (
        {"request_context": None},
        InvalidRequestContext,
        "Request context validation failed for workflow 'strict': \n- ",
    ),
]


@pytest.mark.parametrize(("wrong", "error", "text"), WRONG, ids=[f"{w[0]}" for w in WRONG])
def test_a_start_that_does_not_fit_is_refused_in_words_and_writes_nothing(
    wrong: dict[str, Any], error: type[Exception], text: str
) -> None:
    run = strict().create_run()
    before = all_rows()

    with pytest.raises(error) as raised:
        run.start(**GOOD | wrong)

    assert str(raised.value).startswith(text)
    assert all_rows() == before
    assert run.start(**GOOD).status == "success"


@pytest.mark.parametrize("how", ["start", "start_async"])
def test_every_way_to_start_refuses_what_does_not_fit(how: str) -> None:
    run = strict().create_run()
    before = all_rows()

    with pytest.raises(InvalidInput):
        getattr(run, how)({})

    assert all_rows() == before


NOT_JSON = {
    "a set": {1, 2},
    "an object": object(),
    "not a number": float("nan"),
    "bytes": b"x",
    "a huge integer": 2**70,
}


@pytest.mark.parametrize("argument", ["input_data", "initial_state", "request_context"])
@pytest.mark.parametrize("value", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_arguments_that_are_not_json_are_refused_and_nothing_is_written(
    argument: str, value: Any
) -> None:
    run = create_workflow("w").then(add(1)).commit().create_run()
    before = all_rows()

    with pytest.raises(NotSerializable, match="deep"):
        run.start(**{argument: {"deep": [value]}})

    assert all_rows() == before


def test_an_input_that_has_a_json_form_is_the_same_before_and_after_it_is_stored() -> None:
    seen: list[Any] = []

    def body(ctx: Any) -> Any:
        seen.append(ctx.input_data)
        return ctx.suspend() if ctx.resume_data is None else None

    run = create_workflow("w").then(step("s", body)).commit().create_run()

    run.start({"at": datetime(2026, 1, 2, tzinfo=UTC), "order": Order(sku="A"), "pair": (1, 2)})
    Run.objects.get().resume({"go": "on"})

    assert seen[0] == seen[1]
    assert seen[0]["order"] == {"sku": "A", "quantity": 1}


def test_the_caller_may_go_on_to_use_what_it_gave() -> None:
    order = {"lines": [1]}
    run = create_workflow("w").then(ask()).then(same("s")).commit().create_run()
    run.start(order)

    order["lines"].append(2)

    assert Run.objects.get().resume({"a": 1}).input == {"lines": [1]}


@pytest.mark.parametrize("argument", ["input_data", "initial_state", "request_context"])
def test_arguments_above_the_size_limit_are_refused_and_nothing_is_written(
    argument: str, settings: Any
) -> None:
    settings.RUNS_MAX_PAYLOAD_BYTES = 1000
    run = create_workflow("w").then(add(1)).commit().create_run()
    before = all_rows()

    with pytest.raises(PayloadTooLarge, match="RUNS_MAX_PAYLOAD_BYTES"):
        run.start(**{argument: {"text": "x" * 1000}})

    assert all_rows() == before


# --- what is no longer there -----------------------------------------------------------------

CALLS: dict[str, Callable[[Run], Any]] = {
    "start": lambda run: run.start({"n": 1}),
    "start_async": lambda run: run.start_async({"n": 1}),
    "resume": lambda run: run.resume({"a": 1}),
    "restart": lambda run: run.restart(),
    "time_travel": lambda run: run.time_travel("ask"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_run_of_an_unknown_workflow_is_left_alone(call: Callable[[Run], Any]) -> None:
    run = create_workflow("w").then(ask()).commit().create_run()
    run.start({"n": 1})
    if call is CALLS["restart"]:
        Run.objects.update(status="running")
    before = all_rows()

    with isolated_registry(), pytest.raises(WorkflowNotFound) as raised:
        call(find_run("w", run.run_id))

    assert raised.value.details == {"workflow_id": "w"}
    assert all_rows() == before


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_deleted_run_is_not_found(call: Callable[[Run], Any]) -> None:
    run = create_workflow("w").then(ask()).commit().create_run()
    Run.objects.all().delete()

    with pytest.raises(RunNotFound):
        call(run)

    assert all_rows() == {"Run": [], "StepSnapshot": [], "RunEvent": []}


# --- again -----------------------------------------------------------------------------------


def test_a_suspended_run_is_not_started_again() -> None:
    run = create_workflow("w").then(ask()).commit().create_run(run_id="r")
    run.start({"n": 1})
    before = all_rows()

    with pytest.raises(RunAlreadyStarted) as raised:
        run.start({"n": 1})

    assert str(raised.value) == 'Workflow run r was already started and is "suspended"'
    assert all_rows() == before


def test_a_finished_run_that_is_started_again_keeps_its_history() -> None:
    run = create_workflow("w").then(add(1)).commit().create_run()
    run.start({"n": 1})

    again = run.start({"n": 10})

    run.refresh_from_db()
    assert (again.result, run.attempt) == ({"n": 11}, 2)
    outputs = [journals.load(run, attempt).root.output for attempt in (1, 2)]
    assert outputs == [{"n": 2}, {"n": 11}]
    types = [one["type"] for one in run.observe()]
    once = ["workflow-start", "workflow-step-start", "workflow-step-result", "workflow-finish"]
    assert types == once * 2


@pytest.mark.django_db(transaction=True)
def test_a_running_run_is_not_started_again() -> None:
    gate = Gate()
    flow = create_workflow("w").then(step("s", lambda ctx: gate.stop())).commit()
    run = flow.create_run(run_id="r")
    first = Background(lambda: find_run("w", "r").start())
    gate.wait_reached()

    with pytest.raises(RunAlreadyStarted, match='"running"'):
        run.start()

    gate.open()
    assert first.outcome().status == "success"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_start_a_run_at_once_one_does() -> None:
    gate, calls = Gate(), []

    def body(ctx: Any) -> Any:
        calls.append(ctx.input_data)
        gate.stop()

    flow = create_workflow("w").then(step("s", body)).commit()
    run_id = flow.create_run().run_id

    def starting(n: int) -> Callable[[], Any]:
        def start() -> Any:
            try:
                return find_run("w", run_id).start(n)
            except RunAlreadyStarted:
                losers.append(n)
                if len(losers) == 5:
                    gate.open()
                raise

        return start

    losers: list[int] = []
    outcomes = together(*(starting(n) for n in range(6)))

    [winner] = [n for n, one in enumerate(outcomes) if not isinstance(one, Exception)]
    assert calls == [winner]
    assert sorted([*losers, winner]) == list(range(6))
    assert find_run("w", run_id).attempt == 1
