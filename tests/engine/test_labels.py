"""Names that a suspension gives itself, by which it is resumed."""

from __future__ import annotations

import pytest

from runs import RetryConfig
from runs.engine.result import WorkflowResult
from runs.exceptions import AmbiguousResume

from .bodies import asks, echo, flow, raises, step
from .driver import Call, Driver


def labels(run: Driver) -> WorkflowResult:
    return run.result(include_resume_labels=True)


def test_labels_name_the_step() -> None:
    run = Driver(flow().then(asks("a", labels=("manager", "boss"))))
    run.start(1)

    assert labels(run).resume_labels == {"manager": {"stepId": "a"}, "boss": {"stepId": "a"}}


def test_labels_are_shown_only_when_asked_for() -> None:
    result = Driver(flow().then(asks("a", labels=("manager",)))).start(1)

    assert "resumeLabels" not in result.to_wire()


def test_a_label_resumes_its_step() -> None:
    run = Driver(flow().parallel([asks("a", labels=("left",)), asks("b", labels=("right",))]))
    run.start(1)
    run.ran.clear()

    run.resume("yes", label="right")

    assert run.ran == ["b"]
    assert labels(run).resume_labels == {"left": {"stepId": "a"}}


def test_a_known_label_wins_over_the_step() -> None:
    run = Driver(flow().parallel([asks("a", labels=("left",)), asks("b", labels=("right",))]))
    run.start(1)
    run.ran.clear()

    run.resume("yes", label="right", step=["a"])

    assert run.ran == ["b"]


def test_an_unknown_label_is_ignored() -> None:
    run = Driver(flow().parallel([asks("a"), asks("b")]))
    run.start(1)

    with pytest.raises(AmbiguousResume):
        run.resume("yes", label="nobody")
    assert run.resume("yes", label="nobody", step=["a"]).suspended == [["b"]]


def test_the_label_of_a_foreach_item_has_its_index() -> None:
    def body(ctx: Call) -> object:
        if ctx.resume_data is None:
            return ctx.suspend({"ask": ctx.input_data}, labels=[f"item {ctx.input_data}"])
        return ctx.resume_data

    run = Driver(flow().foreach(step("a", body), concurrency=2))
    run.start([1, 2])
    assert labels(run).resume_labels == {
        "item 1": {"stepId": "a", "foreachIndex": 0},
        "item 2": {"stepId": "a", "foreachIndex": 1},
    }

    run.ran.clear()
    run.resume("yes", label="item 2")
    assert run.ran == ["a[1]"]


def test_a_label_inside_a_nested_workflow_names_the_nested_step() -> None:
    run = Driver(flow().then(flow("n").then(asks("x", labels=("manager",)))).then(echo("b")))
    run.start(1)
    assert labels(run).resume_labels == {"manager": {"stepId": "n"}}

    assert run.resume("yes", label="manager").result == [1, "yes"]


def test_a_resumed_step_gives_its_label_up() -> None:
    run = Driver(flow().then(asks("a", labels=("first",))).then(asks("b", labels=("second",))))
    run.start(1)

    run.resume("yes", label="first")

    assert labels(run).resume_labels == {"second": {"stepId": "b"}}


def test_the_labels_of_a_try_that_failed_are_gone() -> None:
    tries: list[int] = []

    def asks_then(ctx: Call) -> object:
        tries.append(1)
        return ctx.suspend({"try": len(tries)}, labels=[f"try {len(tries)}"])

    def fails_once(ctx: Call) -> None:
        if len(tries) == 1:
            raise RuntimeError("not yet")

    nested = flow("n").parallel([step("x", asks_then), step("y", fails_once)])
    run = Driver(flow(retry_config=RetryConfig(1)).then(nested))

    run.start(1)

    assert run.ran == ["n/x", "n/y", "n!2/x", "n!2/y"]
    assert labels(run).resume_labels == {"try 2": {"stepId": "n"}}


def test_the_labels_inside_a_block_that_is_over_are_gone() -> None:
    def asks_or_bails(ctx: Call) -> object:
        if ctx.input_data == 1:
            return ctx.suspend(labels=["first"])
        return ctx.bail("enough")

    nested = flow("n").foreach(step("x", asks_or_bails), concurrency=2)
    run = Driver(flow().then(nested).then(asks("a", labels=("last",))))

    run.start([1, 2])

    assert labels(run).resume_labels == {"last": {"stepId": "a"}}


def test_labels_of_a_run_that_failed_are_not_shown() -> None:
    run = Driver(flow().parallel([asks("a", labels=("left",)), raises("b")]))

    run.start(1)

    assert labels(run).resume_labels is None
