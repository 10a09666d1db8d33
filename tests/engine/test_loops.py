"""Once, then again while or until a condition holds."""

from __future__ import annotations

from typing import Any

import pytest

from runs import Workflow
from runs.engine.outcomes import Done, Succeeded

from .bodies import adds, asks, bails, echo, flow, raises, step
from .driver import Driver
from .journals import asked, done, journal, running, statuses, turn
from .wire import failure, success, suspension

a = adds("a", 1)


def counted(times: int) -> Any:
    return lambda ctx: ctx.iteration_count < times


def while_below(limit: int) -> Workflow:
    return flow().dowhile(a, lambda ctx: ctx.input_data < limit)


def test_the_body_runs_once_before_the_condition_is_asked() -> None:
    known = journal(input=5)

    answer = turn(while_below(0), known)

    assert asked(answer) == [("execute", "a#1", 5)]
    assert known.entries["a#1"].iteration == 1


def test_the_condition_is_asked_about_the_output_of_the_iteration() -> None:
    answer = turn(while_below(9), journal({"a#1": done(6)}, input=5))

    (command,) = answer.commands
    assert asked(answer) == [("decide", "a#1?", "loop")]
    assert command.input == 6  # type: ignore[union-attr]
    assert command.iteration == 1  # type: ignore[union-attr]


def test_the_next_iteration_gets_the_output_of_the_one_before() -> None:
    known = journal({"a#1": done(6), "a#1?": done(True)}, input=5)

    answer = turn(while_below(9), known)

    assert asked(answer) == [("execute", "a#2", 6)]
    assert known.entries["a#2"].input_ref == "out:a#1"


def test_dowhile_ends_when_the_condition_no_longer_holds() -> None:
    answer = turn(while_below(9), journal({"a#1": done(6), "a#1?": done(False)}, input=5))

    assert answer.outcome == Done(6, "out:a#1", 3)


def test_dountil_ends_when_the_condition_holds() -> None:
    workflow = flow().dountil(a, lambda ctx: True)

    ends = turn(workflow, journal({"a#1": done(6), "a#1?": done(True)}, input=5))
    goes_on = turn(workflow, journal({"a#1": done(6), "a#1?": done(False)}, input=5))

    assert ends.outcome == Done(6, "out:a#1", 3)
    assert asked(goes_on) == [("execute", "a#2", 6)]


@pytest.mark.parametrize(
    ("answer", "goes_on"),
    [(0, False), ("", False), (None, False), ([], True), ({}, True), ("no", True)],
)
def test_truth_is_javascripts(answer: Any, goes_on: bool) -> None:
    known = journal({"a#1": done(6), "a#1?": done(answer)}, input=5)

    assert bool(turn(while_below(9), known).commands) is goes_on


def test_the_record_of_a_loop_is_that_of_its_last_iteration() -> None:
    result = Driver(while_below(3).then(echo("b"))).start(0)

    assert result.to_wire() == {
        "status": "success",
        "steps": {
            "input": 0,
            "a": success(2, 3, metadata={"iterationCount": 3}),
            "b": success(3, 3),
        },
        "input": 0,
        "runId": "r1",
        "stepExecutionPath": ["b"],
        "result": 3,
    }


def test_each_iteration_tells_its_start_and_result() -> None:
    run = Driver(while_below(2))

    run.start(0)

    assert run.told == [
        "start",
        "step-start a#1",
        "step-result a#1",
        "step-start a#2",
        "step-result a#2",
        "finish",
    ]


def test_the_metadata_of_the_step_does_not_show_beside_the_count() -> None:
    result = Driver(flow().dowhile(adds("a", 1, metadata={"owner": "x"}), counted(1))).start(0)

    assert result.steps["a"]["metadata"] == {"iterationCount": 1}


def test_a_failure_ends_the_loop() -> None:
    result = Driver(flow().dowhile(raises("a"), counted(3))).start(5)

    assert result.status == "failed"
    assert result.steps["a"] == failure(5, metadata={"iterationCount": 1})


def test_a_bail_ends_the_run() -> None:
    run = Driver(flow().dowhile(bails("a", "enough"), counted(3)).then(echo("b")))

    result = run.start(5)

    assert run.ran == ["a#1"]
    assert (result.status, result.result) == ("success", "enough")


def test_a_condition_that_raises_fails_the_run() -> None:
    run = Driver(flow().dowhile(a, lambda ctx: ctx.input_data["x"]))

    result = run.start(5)

    assert result.status == "failed"
    assert result.error is not None
    assert result.error["name"] == "TypeError"
    assert statuses(run.journal) == {"a#1": "success", "a#1?": "failed"}


def test_a_suspended_iteration_is_the_one_that_goes_on() -> None:
    def body(ctx: Any) -> Any:
        if ctx.input_data == 1 and ctx.resume_data is None:
            return ctx.suspend({"at": ctx.input_data})
        return ctx.input_data + 1

    run = Driver(flow().dowhile(step("a", body), lambda ctx: ctx.input_data < 3))

    halted = run.start(0)
    count = {"iterationCount": 2}
    assert halted.suspended == [["a"]]
    assert halted.steps["a"] == suspension(1, {"at": 1}, metadata=count)

    ended = run.resume("go")
    assert run.ran == ["a#1", "a#2", "a#2", "a#3"]
    assert ended.result == 3


def test_later_iterations_are_not_given_the_resume_data() -> None:
    run = Driver(flow().dowhile(asks("a"), counted(2)))

    run.start(0)
    halted = run.resume("first")

    assert run.ran == ["a#1", "a#1", "a#2"]
    assert halted.steps["a"] == suspension(
        [0, "first"],
        {"ask": [0, "first"]},
        resumePayload="first",
        resumedAt=1000,
        metadata={"iterationCount": 2},
    )


def test_an_answer_of_the_condition_that_was_lost_is_asked_for_again() -> None:
    known = journal({"a#1": done(6), "a#1?": running()}, input=5)

    answer = turn(while_below(9), known)

    assert asked(answer) == [("decide", "a#1?", "loop")]


def test_a_loop_used_twice_counts_anew() -> None:
    run = Driver(flow().dowhile(a, counted(2)).dowhile(a, counted(2)))

    result = run.start(0)

    assert run.ran == ["a#1", "a#2", "a~2#1", "a~2#2"]
    assert result.result == 4


def test_an_iteration_already_decided_is_not_visited_again() -> None:
    run = Driver(while_below(100))
    run.begin(0)
    for _ in range(3):
        run.turn()
        run.answer(next(iter(run.open)), Succeeded(1))
    run.turn()

    assert list(run.open) == ["a#4"]
    assert run.interpreter.root.loops == {"a": (4, 1, "out:a#3")}
