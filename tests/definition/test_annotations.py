"""Schemas taken from a body's annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from runs import Step, StepContext, create_step
from runs.exceptions import DefinitionError

if TYPE_CHECKING:
    from decimal import Decimal as OnlyForTypeCheckers

    UnknownContext = StepContext


class Order(BaseModel):
    amount: float


class Decision(BaseModel):
    approved: bool


OrderContext = StepContext[Order]


def sources(step: Step) -> tuple[Any, Any]:
    schemas = (step.input_schema, step.output_schema)
    return tuple(schema.source if schema else None for schema in schemas)  # type: ignore[return-value]


def test_the_context_tells_the_input_and_the_return_type_the_output() -> None:
    @create_step
    def approve(ctx: StepContext[Order]) -> Decision:
        return Decision(approved=ctx.input_data.amount < 100)

    assert sources(approve) == (Order, Decision)


def test_coroutine_functions_and_generic_types_are_read_alike() -> None:
    @create_step
    async def approve(ctx: StepContext[list[Order]]) -> dict[str, int]:
        return {}

    assert sources(approve) == (list[Order], dict[str, int])


def test_a_name_for_the_context_type_is_followed() -> None:
    @create_step
    def approve(ctx: OrderContext) -> None: ...

    assert sources(approve) == (Order, None)


def test_an_option_wins_over_an_annotation() -> None:
    @create_step(input_schema={"type": "integer"}, output_schema={})
    def approve(ctx: StepContext[Order]) -> Decision: ...

    assert sources(approve) == ({"type": "integer"}, {})


def test_an_annotation_that_says_nothing_is_no_schema() -> None:
    def unannotated(ctx):  # type: ignore[no-untyped-def]
        return None

    def anything(ctx: StepContext[Any]) -> Any: ...

    def an_object(ctx: StepContext[object]) -> object: ...

    def nothing(ctx: StepContext) -> None: ...  # type: ignore[type-arg]

    def another_context(ctx: UnknownContext) -> None: ...  # type: ignore[type-arg]

    bodies = [unannotated, anything, an_object, nothing, another_context]
    assert {sources(create_step(body)) for body in bodies} == {(None, None)}


def test_an_annotation_that_cannot_be_evaluated_is_an_error() -> None:
    def approve(ctx: StepContext[Order]) -> OnlyForTypeCheckers: ...

    with pytest.raises(DefinitionError) as caught:
        create_step(approve)

    assert caught.value.message == (
        "Step 'approve': the annotation 'OnlyForTypeCheckers' cannot be evaluated (name "
        "'OnlyForTypeCheckers' is not defined); import what it names at run time, or give the "
        "schema as an option"
    )


def test_a_type_that_is_no_schema_is_an_error() -> None:
    class Opaque:
        pass

    def approve(ctx: StepContext[Any]) -> Opaque:
        return Opaque()

    with pytest.raises(DefinitionError, match=r"Step 'approve': output_schema: .* cannot be used"):
        create_step(approve)


def test_a_class_of_an_enclosing_function_is_found_if_the_body_uses_it() -> None:
    class Local(TypedDict):
        a: int

    @create_step
    def approve(ctx: StepContext[Any]) -> Local:
        return Local(a=1)

    assert sources(approve) == (None, Local)
