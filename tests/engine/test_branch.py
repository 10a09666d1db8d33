"""Every arm whose condition holds."""

from __future__ import annotations

from typing import Any

from runs.engine.outcomes import Done

from .bodies import adds, asks, bails, echo, flow, raises
from .driver import Driver
from .journals import asked, done, journal, running, statuses, turn
from .wire import success

a, b, c = adds("a", 1), adds("b", 10), adds("c", 100)


def above(limit: int) -> Any:
    return lambda ctx: ctx.input_data > limit


workflow = flow().branch([(above(0), a), (above(10), b), (above(1), c)])


def test_the_conditions_are_asked_for_first() -> None:
    known = journal(input=5)

    answer = turn(workflow, known)

    assert asked(answer) == [("decide", "branch_0?", "branch")]
    assert len(answer.commands[0].functions) == 3  # type: ignore[union-attr]
    assert statuses(known) == {"branch_0?": "running"}


def test_all_arms_whose_condition_holds_run_at_once() -> None:
    known = journal({"branch_0?": done([0, 2])}, input=5)

    answer = turn(workflow, known)

    assert asked(answer) == [("execute", "a", 5), ("execute", "c", 5)]
    assert [known.entries[path].position for path in ("a", "c")] == [(0, 0), (0, 2)]


def test_the_output_has_the_arms_that_ran() -> None:
    result = Driver(workflow).start(5)

    assert result.to_wire() == {
        "status": "success",
        "steps": {"input": 5, "a": success(5, 6), "c": success(5, 105)},
        "input": 5,
        "runId": "r1",
        "stepExecutionPath": [],
        "result": {"a": 6, "c": 105},
    }


def test_without_an_arm_chosen_the_output_is_an_empty_object() -> None:
    run = Driver(flow().branch([(above(9), a)]).then(echo("b")))

    result = run.start(5)

    assert run.ran == ["b"]
    assert result.result == {}


def test_no_arm_chosen_in_the_last_entry_is_a_success() -> None:
    answer = turn(workflow, journal({"branch_0?": done([])}, input=5))

    assert isinstance(answer.outcome, Done)
    assert answer.outcome.value == {}


def test_a_branch_taken_is_a_fact() -> None:
    seen = []

    def condition(ctx: Any) -> bool:
        seen.append(ctx.input_data)
        return len(seen) == 1

    run = Driver(flow().branch([(condition, asks("a"))]))
    run.start(5)

    result = run.resume("yes")

    assert seen == [5]
    assert result.result == {"a": [5, "yes"]}


def test_conditions_whose_answer_was_lost_are_asked_again() -> None:
    known = journal({"branch_0?": running()}, input=5)

    answer = turn(workflow, known)

    assert asked(answer) == [("decide", "branch_0?", "branch")]


def test_truth_is_javascripts() -> None:
    values: list[Any] = [0, "", None, False, [], {}, "0", 1]
    arms = [
        (lambda ctx, value=value: value, adds(f"s{index}", 0)) for index, value in enumerate(values)
    ]

    result = Driver(flow().branch(arms)).start(1)

    assert result.result == {"s4": 1, "s5": 1, "s6": 1, "s7": 1}


def test_a_failed_arm_fails_the_block_after_all_arms_ended() -> None:
    run = Driver(flow().branch([(above(0), raises("a")), (above(0), b)]).then(c))

    result = run.start(5)

    assert run.ran == ["a", "b"]
    assert result.status == "failed"
    assert result.error == {"message": "no", "name": "RuntimeError"}


def test_an_arm_that_bails_does_not_end_the_run() -> None:
    run = Driver(flow().branch([(above(0), bails("a", "enough")), (above(0), b)]).then(echo("c")))

    result = run.start(5)

    assert result.result == {"a": "enough", "b": 15}


def test_two_branches_of_a_flow_decide_for_themselves() -> None:
    twice = flow().branch([(above(0), a)]).map(lambda ctx: 0).branch([(above(0), b)])
    run = Driver(twice)

    result = run.start(5)

    assert result.result == {}
    assert statuses(run.journal) == {
        "branch_0?": "success",
        "a": "success",
        "mapping_w_0": "success",
        "branch_1?": "success",
    }
