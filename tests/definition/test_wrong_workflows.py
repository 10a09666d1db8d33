"""Wrong definitions are errors at import, with the workflow's id and the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from runs import RetryConfig, Workflow, create_step, create_workflow
from runs.exceptions import DefinitionError, DuplicateStepId

a = create_step("a", execute=lambda ctx: None)
b = create_step("b", execute=lambda ctx: None)
other_a = create_step("a", execute=lambda ctx: None)
nested_a = create_workflow("a").then(b)
dotted = create_workflow("shop.checkout").then(a)


def undecorated(ctx: Any) -> None: ...


def refusal(build: Callable[[Workflow], object]) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        build(create_workflow("w"))
    return caught.value


@pytest.mark.parametrize(
    "build",
    [
        lambda w: w.then(a).then(other_a),
        lambda w: w.then(a).parallel([b, other_a]),
        lambda w: w.then(a).then(nested_a),
        lambda w: w.then(nested_a).foreach(a),
        lambda w: w.then(a).sleep(1, id="a"),
        lambda w: w.map(undecorated, id="a").map(undecorated, id="a"),
    ],
)
def test_two_different_things_may_not_have_one_id(build: Any) -> None:
    error = refusal(build)

    assert isinstance(error, DuplicateStepId)
    assert error.message == "Workflow 'w': two different steps have the id 'a'"


def test_one_step_may_be_used_again() -> None:
    workflow = create_workflow("w").then(a).then(a).dowhile(a, undecorated).then(nested_b())

    assert len(workflow.flow) == 4


def nested_b() -> Workflow:
    return create_workflow("nested").then(a)


@pytest.mark.parametrize(
    "build",
    [lambda w: w.parallel([b, a, a]), lambda w: w.branch([(undecorated, a), (undecorated, a)])],
)
def test_one_step_may_not_stand_twice_in_one_block(build: Any) -> None:
    error = refusal(build)

    assert isinstance(error, DuplicateStepId)
    assert error.message == "Workflow 'w': 'a' stands twice in one parallel or branch"


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (
            lambda w: w.then(undecorated),
            "undecorated is neither a step nor a workflow; is @create_step missing?",
        ),
        (
            lambda w: w.parallel(["a"]),
            "'a' is neither a step nor a workflow; is @create_step missing?",
        ),
        (lambda w: w.branch([a]), "an arm of branch() is a pair of a condition and a step"),
        (lambda w: w.branch([(a, b)]), "an arm of branch() is a pair of a condition and a step"),
        (lambda w: w.branch([(True, b)]), "an arm of branch() is a pair of a condition and a step"),
        (lambda w: w.dowhile(a, b), "the condition of dowhile() is not a function"),
        (lambda w: w.dountil(a, True), "the condition of dountil() is not a function"),
        (
            lambda w: w.foreach(a, concurrency=1.5),
            "concurrency is a whole number or a function of the context",
        ),
        (
            lambda w: w.sleep("1"),
            "sleep() takes a number of seconds or a function of the context",
        ),
        (
            lambda w: w.sleep(float("inf")),
            "sleep() takes a number of seconds or a function of the context",
        ),
        (
            lambda w: w.sleep_until(datetime(2026, 1, 1)),
            "sleep_until() takes an aware datetime or a function of the context",
        ),
        (lambda w: w.sleep(1, id=""), "sleep: an id may not be empty"),
        (
            lambda w: w.map(undecorated, id="a.b"),
            "mapping: the id 'a.b' contains a dot; dots separate the parts of a step's path",
        ),
        (
            lambda w: w.then(dotted),
            "nested workflow: the id 'shop.checkout' contains a dot; "
            "dots separate the parts of a step's path",
        ),
        (
            lambda w: w.then(a).map({"x": {"step": ["a", "c"]}}).commit(),
            "mapping key 'x' names an unknown step 'c'",
        ),
        (lambda w: w.then(w), "it would contain itself through 'w'"),
        (
            lambda w: w.then(create_workflow("inner").parallel([a, w])),
            "it would contain itself through 'inner'",
        ),
    ],
)
def test_a_wrong_flow_is_refused(build: Any, problem: str) -> None:
    assert refusal(build).message == f"Workflow 'w': {problem}"


def test_a_workflow_may_not_come_to_contain_itself_later() -> None:
    inner = create_workflow("inner").then(a)
    outer = create_workflow("outer").then(inner)

    with pytest.raises(DefinitionError, match="'inner': it would contain itself through 'outer'"):
        inner.then(outer)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"metadata": [1]}, "metadata is a dict of JSON values"),
        ({"metadata": {"a": {1}}}, "metadata cannot be written as JSON at a: set has no JSON form"),
        ({"state_schema": 1}, "state_schema: 1 is neither a type nor a JSON Schema"),
        ({"retries": 3}, "there is no option 'retries'"),
        ({"retry_config": {"attempts": 3}}, "retry_config is a RetryConfig"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        create_workflow("w", **options)  # type: ignore[arg-type]

    assert caught.value.message == f"Workflow 'w': {problem}"


@pytest.mark.parametrize(
    ("id", "message"),
    [
        ("", "A workflow: an id may not be empty"),
        (None, "A workflow: an id is a text, not NoneType"),
        ("a/b?", "Workflow 'a/b?': an id may not contain / ?"),
        ("a b", "Workflow 'a b': an id may not contain spaces or control characters"),
    ],
)
def test_an_id_that_cannot_stand_in_a_url_is_refused(id: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        create_workflow(id)

    assert caught.value.message == message


@pytest.mark.parametrize("config", [{"attempts": -1}, {"attempts": 1.0}, {"delay_seconds": -1}])
def test_a_retry_config_that_cannot_be_followed_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=r"^RetryConfig: "):
        RetryConfig(**config)
