"""What bodies return and raise: whatever it is, the run has an outcome and says why."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from runs import NonRetryableError, TripWire, create_workflow
from runs.models import Run
from runs.operations import find_run
from runs.worker.execution import result_of_stored
from tests.store.gallery import add, step

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def outcome_of(body: Any, **options: Any) -> Any:
    """The outcome of a run of one step, which must be stored as it is returned."""
    flow = create_workflow("w").then(step("charge", body, **options)).then(add(1)).commit()
    run = flow.create_run(run_id="r")
    result = run.start({"n": 1})
    stored = find_run("w", "r")
    assert (stored.status, stored.lease_owner, stored.due_at) == (result.status, "", None)
    assert result_of_stored(stored).to_wire() == result.to_wire()
    return result


# --- what has a JSON form --------------------------------------------------------------------


class Order(BaseModel):
    order_id: str = Field(serialization_alias="orderId")
    placed_at: datetime


@dataclasses.dataclass
class Point:
    x: int
    y: tuple[int, ...]


OUTPUTS: dict[str, tuple[Any, Any]] = {
    "nothing": (None, None),
    "a pydantic model": (
        Order(order_id="A", placed_at=datetime(2026, 1, 2, tzinfo=UTC)),
        {"orderId": "A", "placed_at": "2026-01-02T00:00:00Z"},
    ),
    "a dataclass": (Point(1, (2, 3)), {"x": 1, "y": [2, 3]}),
    "whole numbers as keys": ({1: "a"}, {"1": "a"}),
    "a decimal": ([Decimal("1.50")], ["1.50"]),
    "a uuid": (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    "text with a NUL": ("a\x00b", "a\x00b"),
    "deeply nested": ({"a": [{"b": [[]]}]}, {"a": [{"b": [[]]}]}),
}


@pytest.mark.parametrize(("returned", "stored"), OUTPUTS.values(), ids=OUTPUTS.keys())
def test_an_output_is_kept_in_its_json_form(returned: Any, stored: Any) -> None:
    flow = create_workflow("w").then(step("s", lambda ctx: returned)).commit()
    run = flow.create_run()

    assert run.start().result == stored
    run.refresh_from_db()
    assert result_of_stored(run).result == stored


# --- what has none ---------------------------------------------------------------------------


def circular() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


UNWRITABLE: dict[str, tuple[Any, str]] = {
    "a set": ({"a": [{1}]}, "at a[0]: set has no JSON form"),
    "an object": ({"a": object()}, "at a: object has no JSON form"),
    "a class": ([int], "at [0]: int is a class"),
    "bytes": (b"x", ": bytes has no JSON form"),
    "not a number": ([float("nan")], "at [0]: JSON has no nan"),
    "infinity": (float("-inf"), ": JSON has no -inf"),
    "a huge integer": ({"n": 2**64}, "at n: the integer does not fit into 64 bits"),
    "half a character": ("\ud800", ": the text contains half a surrogate pair"),
    "a generator": ((n for n in ()), ": generator has no JSON form"),
    "itself": (circular(), ": it contains itself or is nested too deeply"),
    "two keys of one text": ({1: 0, "1": 1}, ": two keys are the same text"),
}


@pytest.mark.parametrize(("returned", "reason"), UNWRITABLE.values(), ids=UNWRITABLE.keys())
def test_an_output_without_a_json_form_fails_the_step_by_name(returned: Any, reason: str) -> None:
    tries: list[int] = []

    def body(ctx: Any) -> Any:
        tries.append(1)
        return returned

    result = outcome_of(body, retries=3)

    assert (result.status, len(tries)) == ("failed", 1)
    text = "The output of step 'charge' cannot be written as JSON"
    assert result.error["name"] == "NotSerializable"
    assert result.error["code"] == "not_serializable"
    assert result.error["message"].startswith(text)
    assert result.error["message"].endswith(reason)
    assert find_run("w", "r").error_message == result.error["message"]


def test_an_output_above_the_size_limit_fails_the_step_by_name(settings: Any) -> None:
    settings.RUNS_MAX_PAYLOAD_BYTES = 1000

    result = outcome_of(lambda ctx: {"text": "x" * 1000}, retries=3)

    assert result.status == "failed"
    assert result.error == {
        "message": (
            "The output of step 'charge' has 1011 bytes of JSON; "
            "the limit (RUNS_MAX_PAYLOAD_BYTES) is 1000"
        ),
        "name": "PayloadTooLarge",
        "code": "payload_too_large",
    }


def test_an_output_of_just_the_limit_is_fine(settings: Any) -> None:
    settings.RUNS_MAX_PAYLOAD_BYTES = 1000
    flow = create_workflow("w").then(step("s", lambda ctx: "ü" * 499)).commit()

    assert flow.create_run().start().status == "success"


ASKING: dict[str, Any] = {
    "suspend": lambda ctx, value: ctx.suspend(value),
    "bail": lambda ctx, value: ctx.bail(value),
    "set_state": lambda ctx, value: ctx.set_state({"s": value}),
    "write": lambda ctx, value: ctx.writer.write(value),
    "custom": lambda ctx, value: ctx.writer.custom({"type": "t", "data": value}),
    "request_context": lambda ctx, value: ctx.request_context.__setitem__("k", value),
}


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING.keys())
def test_whatever_a_body_gives_its_context_has_to_be_json(ask: Any) -> None:
    result = outcome_of(lambda ctx: ask(ctx, {"deep": {1}}))

    assert (result.status, result.error["name"]) == ("failed", "NotSerializable")
    assert "deep" in result.error["message"]


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING.keys())
def test_whatever_a_body_gives_its_context_has_a_size_limit(ask: Any, settings: Any) -> None:
    settings.RUNS_MAX_PAYLOAD_BYTES = 1000

    result = outcome_of(lambda ctx: ask(ctx, "x" * 1000))

    assert (result.status, result.error["name"]) == ("failed", "PayloadTooLarge")
    assert "the limit (RUNS_MAX_PAYLOAD_BYTES) is 1000" in result.error["message"]
    assert "'charge'" in result.error["message"] or "Request context 'k'" in result.error["message"]


def test_a_state_that_grows_step_by_step_has_the_limit_too(settings: Any) -> None:
    settings.RUNS_MAX_PAYLOAD_BYTES = 1000
    flow = create_workflow("w")
    for name in ("a", "b", "c"):
        flow.then(step(name, lambda ctx, name=name: ctx.set_state({name: "x" * 400})))

    result = flow.commit().create_run().start()

    assert result.error == {
        "message": (
            "The state with what step 'c' sets has 1222 bytes of JSON; "
            "the limit (RUNS_MAX_PAYLOAD_BYTES) is 1000"
        ),
        "name": "PayloadTooLarge",
        "code": "payload_too_large",
    }


def test_what_an_error_says_is_cut_and_a_tripwire_refused(settings: Any) -> None:
    settings.RUNS_MAX_PAYLOAD_BYTES = 1000

    def fail(ctx: Any) -> None:
        raise ValueError("x" * 2000)

    def trip(ctx: Any) -> None:
        raise TripWire("stop", metadata={"why": "x" * 2000})

    failed = create_workflow("w").then(step("s", fail)).commit().create_run().start()
    tripped = create_workflow("t").then(step("s", trip)).commit().create_run().start()

    assert failed.error["message"] == "x" * 250 + "… (cut: RUNS_MAX_PAYLOAD_BYTES)"  # type: ignore[index]
    assert tripped.error["message"].startswith("The tripwire of step 's' has 2")  # type: ignore[index]


def test_an_output_made_of_many_small_ones_fails_the_foreach_and_not_the_driver(
    settings: Any,
) -> None:
    """A foreach hands on a list of what its items put out; it is stored item by item."""
    settings.RUNS_MAX_PAYLOAD_BYTES = 1000
    flow = create_workflow("w").foreach(step("each", lambda ctx: "x" * 900)).commit()

    result = flow.create_run().start([1, 2, 3])

    assert (result.status, len(result.result)) == ("success", 3)


# --- what bodies raise -----------------------------------------------------------------------


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class CodedError(Exception):
    code = "E42"


RAISED: dict[str, tuple[BaseException, dict[str, Any]]] = {
    "a message": (ValueError("no"), {"message": "no", "name": "ValueError"}),
    "no message": (ValueError(), {"message": "", "name": "ValueError"}),
    "a code": (CodedError("no"), {"message": "no", "name": "CodedError", "code": "E42"}),
    "a key": (KeyError("k"), {"message": "'k'", "name": "KeyError"}),
    "many arguments": (ValueError(1, {2}), {"message": "(1, {2})", "name": "ValueError"}),
    "no retry": (NonRetryableError("no"), {"message": "no", "name": "NonRetryableError"}),
    "an assertion": (AssertionError("no"), {"message": "no", "name": "AssertionError"}),
}


@pytest.mark.parametrize(("raised", "error"), RAISED.values(), ids=RAISED.keys())
def test_an_error_is_recorded_with_its_text_and_kind(
    raised: BaseException, error: dict[str, Any]
) -> None:
    def body(ctx: Any) -> Any:
        raise raised

    result = outcome_of(body)

    assert (result.status, result.error) == ("failed", error)
    assert result.steps["charge"]["status"] == "failed"
    assert "add-1" not in result.steps


@pytest.mark.parametrize("text", ["a\x00b", "half \ud800", "ü \U0001f600", "x" * 100_000], ids=repr)
def test_an_error_of_any_text_is_recorded(text: str) -> None:
    def body(ctx: Any) -> Any:
        raise ValueError(text)

    result = outcome_of(body)

    assert (result.status, result.error["name"]) == ("failed", "ValueError")


def test_an_error_that_cannot_say_what_it_is_is_recorded_by_its_kind() -> None:
    def body(ctx: Any) -> Any:
        raise SpeechlessError

    result = outcome_of(body)

    assert (result.status, result.error["name"]) == ("failed", "SpeechlessError")


@pytest.mark.parametrize("given", [{1}, object(), float("nan")], ids=["set", "object", "nan"])
def test_a_tripwire_with_something_unwritable_still_ends_the_run(given: Any) -> None:
    def body(ctx: Any) -> Any:
        raise TripWire("too much", metadata={"m": given})

    assert outcome_of(body).status in ("tripwire", "failed")


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_body_that_exits_fails_its_step_and_not_the_process(kind: str) -> None:
    """A library that calls sys.exit() must not take down whoever drives the run."""

    def body(ctx: Any) -> Any:
        raise SystemExit(3)

    async def abody(ctx: Any) -> Any:
        raise SystemExit(3)

    result = outcome_of(body if kind == "def" else abody)

    assert (result.status, result.error["name"]) == ("failed", "SystemExit")


def test_an_interrupt_from_the_keyboard_is_the_callers() -> None:
    def body(ctx: Any) -> Any:
        raise KeyboardInterrupt

    run = create_workflow("w").then(step("s", body)).commit().create_run()

    with pytest.raises(KeyboardInterrupt):
        run.start()


def test_a_run_that_was_interrupted_can_be_restarted_at_once() -> None:
    def body(ctx: Any) -> Any:
        ran.append(1)
        if len(ran) == 1:
            raise KeyboardInterrupt

    ran: list[int] = []
    run = create_workflow("w").then(step("s", body)).commit().create_run()
    with pytest.raises(KeyboardInterrupt):
        run.start()

    assert Run.objects.get().restart().status == "success"
