"""A foreach some of whose items wait for an answer."""

from __future__ import annotations

from typing import Any

from .bodies import asks, flow, step
from .driver import Driver
from .wire import suspension


def test_a_suspended_foreach_shows_its_lowest_suspended_item() -> None:
    run = Driver(flow().foreach(asks("a"), concurrency=3), choose=lambda paths: paths[-1])

    result = run.start([1, 2])

    iterations = [suspension(1, {"ask": 1}), suspension(2, {"ask": 2})]
    assert result.suspended == [["a"]]
    assert result.suspend_payload == {"a": {"ask": 1}}
    assert result.steps["a"] == suspension(
        [1, 2],
        {
            "ask": 1,
            "__workflow_meta": {
                "foreachIndex": 0,
                "foreachOutput": iterations,
                "resumeLabels": {},
            },
        },
    )


def test_without_an_index_all_suspended_items_are_resumed_with_the_same_data() -> None:
    run = Driver(flow().foreach(asks("a"), concurrency=2))
    run.start([1, 2])
    run.ran.clear()

    result = run.resume("yes")

    assert run.ran == ["a[0]", "a[1]"]
    assert result.result == [[1, "yes"], [2, "yes"]]


def test_items_not_yet_started_start_fresh_when_the_suspended_are_resumed() -> None:
    run = Driver(flow().foreach(asks("a")))
    run.start([1, 2])
    run.ran.clear()

    halted = run.resume("yes")
    assert run.ran == ["a[0]", "a[1]"]
    assert halted.suspend_payload == {"a": {"ask": 2}}

    assert run.resume("too").result == [[1, "yes"], [2, "too"]]


def test_with_an_index_only_that_item_is_resumed() -> None:
    run = Driver(flow().foreach(asks("a"), concurrency=2))
    run.start([1, 2])
    run.ran.clear()

    halted = run.resume("yes", step=["a"], index=1)
    assert run.ran == ["a[1]"]
    assert halted.suspend_payload == {"a": {"ask": 1}}

    ended = run.resume("too", step=["a"], index=0)
    assert run.ran == ["a[1]", "a[0]"]
    assert ended.result == [[1, "too"], [2, "yes"]]


def test_an_index_that_is_not_suspended_resumes_nothing() -> None:
    run = Driver(flow().foreach(asks("a"), concurrency=2))
    run.start([1, 2])
    run.ran.clear()

    result = run.resume("yes", step=["a"], index=7)

    assert run.ran == []
    assert result.suspended == [["a"]]


def test_finished_items_are_kept_when_others_are_resumed() -> None:
    def body(ctx: Any) -> Any:
        if ctx.input_data == 2 and ctx.resume_data is None:
            return ctx.suspend({"ask": 2})
        return ctx.input_data * 10

    run = Driver(flow().foreach(step("a", body), concurrency=3))
    run.start([1, 2, 3])
    run.ran.clear()

    result = run.resume("yes")

    assert run.ran == ["a[1]"]
    assert result.result == [10, 20, 30]


def test_resuming_one_item_of_nested_workflows_resumes_that_item() -> None:
    run = Driver(flow().foreach(flow("n").then(asks("x")), concurrency=2))
    run.start([1, 2])
    run.ran.clear()

    halted = run.resume("yes", step=["n"], index=1)

    assert run.ran == ["n[1]/x"]
    assert halted.suspend_payload == {"n": {"ask": 1}}


def test_items_suspended_elsewhere_stay_suspended() -> None:
    def body(ctx: Any) -> Any:
        return ctx.suspend() if ctx.input_data == 2 and not ctx.resume_data else ctx.input_data

    inner = flow("n").then(step("x", body)).then(asks("y"))
    run = Driver(flow().foreach(inner, concurrency=2))
    assert run.start([1, 2]).suspended == [["n", "y"]]
    run.ran.clear()

    assert run.resume("yes", step=["n", "y"]).suspended == [["n", "x"]]
    assert run.ran == ["n[0]/y"]

    assert run.resume("go on", step=["n", "x"]).suspended == [["n", "y"]]
    assert run.resume("too").result == [[1, "yes"], [2, "too"]]
