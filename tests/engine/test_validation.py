"""Whether a step's input fits its schema, decided when it begins."""

from __future__ import annotations

from typing import Any

import pytest

from runs import RetryConfig

from .bodies import echo, flow
from .driver import Driver
from .journals import NOW

NUMBER = {"type": "object", "properties": {"v": {"type": "integer"}}, "required": ["v"]}
DEFAULT = {"type": "object", "properties": {"v": {"type": "integer", "default": 7}}}


def first_line(run: Driver) -> tuple[str, Any]:
    assert run.result().error is not None
    found = run.result().error or {}
    return found["message"].splitlines()[0], found.get("code")


def test_an_input_that_does_not_fit_fails_the_step_without_running_it() -> None:
    run = Driver(flow().then(echo("a")).then(echo("b", input_schema=NUMBER)))

    result = run.start({"v": "one"})

    assert result.status == "failed"
    assert first_line(run) == (
        "Step input validation failed: ",
        "WORKFLOW_STEP_INPUT_VALIDATION_FAILED",
    )
    assert run.journal.entries["b"].input == {"v": "one"}


def test_it_fails_after_using_up_its_retries() -> None:
    run = Driver(flow(retry_config=RetryConfig(2)).then(echo("a", input_schema=NUMBER)))

    run.start({"v": "one"})

    assert run.journal.entries["a"].tries == 3


def test_the_validated_value_replaces_the_input() -> None:
    result = Driver(flow().then(echo("a", input_schema=DEFAULT))).start({"other": 1, "v": 2})

    assert result.result == {"v": 2}


def test_defaults_are_filled_in() -> None:
    result = Driver(flow().then(echo("a", input_schema=DEFAULT))).start({"other": 1})

    assert result.result == {"v": 7}


def test_an_empty_object_leaves_the_input_as_it_was() -> None:
    schema = {"type": "object", "properties": {"mine": {"type": "integer"}}}

    result = Driver(flow().then(echo("a", input_schema=schema))).start({"other": 1})

    assert result.result == {"other": 1}


def test_without_validation_anything_goes() -> None:
    workflow = flow(validate_inputs=False).then(echo("a", input_schema=NUMBER))

    assert Driver(workflow).start({"v": "one"}).result == {"v": "one"}


def test_a_nested_workflow_does_as_the_one_around_it() -> None:
    inner = flow("n").then(echo("x", input_schema=NUMBER))

    assert Driver(flow(validate_inputs=False).then(inner)).start("text").result == "text"


@pytest.mark.parametrize(("outer", "status"), [(False, "success"), (True, "failed")])
def test_whether_a_nested_workflow_validates_is_not_its_own_to_say(
    outer: bool, status: str
) -> None:
    inner = flow("n", validate_inputs=not outer).then(echo("x", input_schema=NUMBER))
    run = Driver(flow(validate_inputs=outer).then(inner))

    assert run.start("text").status == status


def test_a_nested_workflow_whose_input_does_not_fit_is_not_entered() -> None:
    inner = flow("n", input_schema=NUMBER).then(echo("x"))
    run = Driver(flow().then(echo("a")).then(inner))

    result = run.start({"v": "one"})

    assert run.ran == ["a"]
    assert result.status == "failed"
    assert first_line(run)[1] == "WORKFLOW_STEP_INPUT_VALIDATION_FAILED"


def test_each_item_of_a_foreach_is_validated() -> None:
    run = Driver(flow().foreach(echo("a", input_schema=NUMBER)))

    result = run.start([{"v": 1}, {"v": "two"}, {"v": 3}])

    assert result.status == "failed"
    assert list(run.journal.entries) == ["", "a", "a[0]", "a[1]"]


def test_a_crash_validates_again_and_keeps_the_recorded_input() -> None:
    run = Driver(flow().then(echo("a", input_schema=DEFAULT)))
    run.begin({"other": 1})
    run.turn()

    run.crash()

    assert run.drive().result == {"v": 7}
    assert run.journal.entries["a"].started_at == NOW
