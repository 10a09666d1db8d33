"""What a step is made of."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from runs import Step, StepContext, create_step
from runs.definition.schema import Schema
from runs.exceptions import DefinitionError


def pay(ctx: StepContext[Any]) -> Any:
    return {"paid": ctx.input_data}


async def pay_later(ctx: StepContext[Any]) -> Any:
    return {"paid": ctx.input_data}


class Payer:
    async def __call__(self, ctx: StepContext[Any]) -> Any: ...

    def pay(self, ctx: StepContext[Any]) -> Any: ...


def test_a_step_is_made_by_a_call_a_decorator_or_a_bare_decorator() -> None:
    called = create_step("pay", execute=pay)
    decorated = create_step(id="pay", retries=1)(pay)
    bare = create_step(pay)

    assert [(step.id, step.execute, step.retries) for step in (called, decorated, bare)] == [
        ("pay", pay, None),
        ("pay", pay, 1),
        ("pay", pay, None),
    ]


def test_the_id_defaults_to_the_name_of_the_function() -> None:
    assert create_step(description="Pays")(pay_later).id == "pay_later"


def test_nothing_is_promised_about_a_step_that_says_nothing() -> None:
    step = create_step("pay", execute=lambda ctx: None)

    assert {
        name: getattr(step, name) for name in Step.__dataclass_fields__ if name != "execute"
    } == {
        "id": "pay",
        "description": "",
        "input_schema": None,
        "output_schema": None,
        "resume_schema": None,
        "suspend_schema": None,
        "state_schema": None,
        "request_context_schema": None,
        "retries": None,
        "metadata": None,
        "timeout": None,
        "retry_delay": None,
        "backoff": 1.0,
        "jitter": None,
        "transactional": False,
        "distribute": False,
        "is_async": False,
    }


def test_schemas_are_taken_in_any_form() -> None:
    known = Schema.of(int)

    step = create_step("pay", execute=pay, input_schema=known, output_schema={"type": "string"})

    assert step.input_schema is known
    assert step.output_schema is not None
    assert step.output_schema.json_schema == {"type": "string"}


@pytest.mark.parametrize(
    ("body", "is_async"),
    [
        (pay, False),
        (pay_later, True),
        (functools.partial(pay_later), True),
        (Payer(), True),
        (Payer().pay, False),
        (lambda ctx: None, False),
    ],
)
def test_a_step_knows_whether_its_body_is_a_coroutine_function(body: Any, is_async: bool) -> None:
    assert create_step("pay", execute=body).is_async is is_async


@pytest.mark.parametrize(
    ("schemas", "can_suspend"),
    [
        ({}, False),
        ({"input_schema": int}, False),
        ({"resume_schema": int}, True),
        ({"suspend_schema": {}}, True),
    ],
)
def test_a_step_that_declares_how_can_suspend(schemas: Any, can_suspend: bool) -> None:
    assert create_step("pay", execute=pay, **schemas).can_suspend is can_suspend


def test_a_coroutine_cannot_be_transactional() -> None:
    with pytest.raises(DefinitionError) as raised:
        create_step("pay", execute=pay_later, transactional=True)

    assert raised.value.message == (
        "Step 'pay': a transactional step is a plain function: no coroutine can hold a transaction"
    )


def test_two_steps_are_the_same_only_if_they_are_one_object() -> None:
    step = create_step("pay", execute=pay)

    assert step == step
    assert step != create_step("pay", execute=pay)
    assert len({step, step}) == 1


def test_calling_a_step_calls_its_body() -> None:
    assert create_step("pay", execute=lambda ctx: ctx + 1)(1) == 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"retries": -1}, "retries is a whole number, 0 or more"),
        ({"retries": 1.5}, "retries is a whole number, 0 or more"),
        ({"retries": True}, "retries is a whole number, 0 or more"),
        ({"timeout": 0}, "timeout is a number of seconds above 0"),
        ({"retry_delay": -1}, "retry_delay is a number of seconds, 0 or more"),
        ({"backoff": 0}, "backoff is a number above 0"),
        ({"jitter": 1.5}, "jitter is a number from 0 to 1"),
        ({"transactional": 1}, "transactional is True or False"),
        ({"metadata": {"when": {1}}}, "metadata is a dict of JSON values"),
        ({"metadata": [1]}, "metadata is a dict of JSON values"),
        ({"execute": lambda: None}, "execute takes one argument, the step context"),
        ({"execute": lambda a, b: None}, "execute takes one argument, the step context"),
        ({"execute": "pay"}, "execute is a str, not a function"),
        ({"input_schema": "Order"}, "input_schema: 'Order' is neither a type nor a JSON Schema"),
        ({"retry": 3}, "there is no option 'retry'"),
    ],
)
def test_a_wrong_step_is_refused_with_its_id_and_the_reason(options: Any, problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        create_step("pay", **{"execute": pay, **options})

    assert caught.value.message == f"Step 'pay': {problem}"


@pytest.mark.parametrize(
    ("id", "message"),
    [
        ("", "A step: an id may not be empty"),
        (" ", "A step: an id may not be empty"),
        (
            "pay.now",
            "A step: the id 'pay.now' contains a dot; dots separate the parts of a step's path",
        ),
        (7, "A step: an id is a text, not int"),
    ],
)
def test_an_id_that_cannot_be_used_is_refused(id: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Step(id, pay)

    assert caught.value.message == message


def test_a_lambda_needs_an_id() -> None:
    with pytest.raises(DefinitionError, match="is not a named function needs an id"):
        create_step(lambda ctx: None)
