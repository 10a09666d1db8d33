"""All arms at once, and what a block comes to."""

from __future__ import annotations

import pytest

from runs.engine.outcomes import Done, Failed, Halted

from .bodies import adds, asks, bails, echo, flow, raises, says
from .driver import Driver
from .journals import asked, done, failed, journal, running, statuses, suspended, turn
from .wire import failure, success, suspension

a, b = adds("a", 1), adds("b", 10)


def test_all_arms_begin_in_one_turn_with_the_same_input() -> None:
    known = journal(input=1)

    answer = turn(flow().parallel([a, b]), known)

    assert asked(answer) == [("execute", "a", 1), ("execute", "b", 1)]
    assert [known.entries[path].position for path in ("a", "b")] == [(0, 0), (0, 1)]


def test_a_block_waits_until_all_its_arms_are_at_rest() -> None:
    known = journal(input=1, a=failed(), b=running(input=1))

    answer = turn(flow().parallel([a, b]), known)

    assert asked(answer) == [("execute", "b", 1)]
    assert answer.outcome is None


def test_the_output_of_a_block_is_keyed_by_step_id() -> None:
    known = journal(input=1, a=done(2), b=done(11))

    answer = turn(flow().parallel([a, b]).then(echo("c")), known)

    assert asked(answer) == [("execute", "c", {"a": 2, "b": 11})]
    assert known.entries["c"].input_ref == "arms:a|b"


def test_an_arm_that_returns_nothing_is_left_out() -> None:
    result = Driver(flow().parallel([a, says("quiet", None)])).start(1)

    assert result.result == {"a": 2}


def test_arms_that_all_return_nothing_put_out_an_empty_object() -> None:
    run = Driver(flow().parallel([says("quiet", None)]).then(echo("b")))

    result = run.start(1)

    assert result.result == {}


@pytest.mark.parametrize("first", ["a", "b"])
def test_the_order_in_which_arms_end_does_not_matter(first: str) -> None:
    run = Driver(
        flow().parallel([a, b]), choose=lambda paths: first if first in paths else paths[0]
    )

    result = run.start(1)

    assert run.ran[0] == first
    assert result.to_wire() == {
        "status": "success",
        "steps": {"input": 1, "a": success(1, 2), "b": success(1, 11)},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": [],
        "result": {"a": 2, "b": 11},
    }


def test_a_failed_arm_outweighs_a_suspended_one() -> None:
    known = journal(input=1, a=suspended(), b=failed())

    answer = turn(flow().parallel([asks("a"), b]), known)

    assert answer.outcome == Failed(known.entries["b"])


def test_of_two_failed_arms_the_first_in_the_order_of_arms_gives_the_error() -> None:
    workflow = flow().parallel([raises("a", "a said"), raises("b", "b said")])
    run = Driver(workflow, choose=lambda paths: paths[-1])

    result = run.start(1)

    assert run.ran == ["b", "a"]
    assert result.error == {"message": "a said", "name": "RuntimeError"}
    assert result.steps == {
        "input": 1,
        "a": failure(1, "a said"),
        "b": failure(1, "b said"),
    }


def test_a_block_is_suspended_at_all_its_suspended_arms() -> None:
    known = journal(input=1, a=suspended({"ask": 1}), b=suspended({"ask": 2}))

    answer = turn(flow().parallel([asks("a"), asks("b")]), known)

    assert answer.outcome == Halted((known.entries["a"], known.entries["b"]))


def test_only_the_resumed_arm_runs() -> None:
    run = Driver(flow().parallel([asks("a"), asks("b"), b_done]).then(echo("c")))
    run.start(1)
    run.ran.clear()

    half = run.resume("yes", step=["b"])

    assert run.ran == ["b"]
    assert half.suspended == [["a"]]
    assert half.steps == {
        "input": 1,
        "a": suspension(1, {"ask": 1}),
        "b": success(1, [1, "yes"], resumePayload="yes", resumedAt=1000),
        "d": success(1, 11),
    }

    whole = run.resume("too", step=["a"])

    assert run.ran == ["b", "a", "c"]
    assert whole.result == {"a": [1, "too"], "b": [1, "yes"], "d": 11}


b_done = adds("d", 10)


def test_an_arm_that_bails_ends_only_itself() -> None:
    run = Driver(flow().parallel([bails("a", "enough"), b]).then(echo("c")))

    result = run.start(1)

    assert run.ran == ["a", "b", "c"]
    assert result.result == {"a": "enough", "b": 11}


def test_the_output_of_the_last_block_omits_arms_that_bailed() -> None:
    result = Driver(flow().parallel([bails("a", "enough"), b])).start(1)

    assert result.status == "success"
    assert result.result == {"b": 11}


def test_a_block_after_a_block_gets_the_object_of_the_first() -> None:
    known = journal(input=1, a=done(2), b=done(11))

    answer = turn(flow().parallel([a, b]).parallel([a, b]), known)

    assert asked(answer) == [
        ("execute", "a~2", {"a": 2, "b": 11}),
        ("execute", "b~2", {"a": 2, "b": 11}),
    ]


def test_a_lost_arm_begins_again_and_the_others_do_not() -> None:
    known = journal(input=1, a=done(2), b=running(input=1))

    answer = turn(flow().parallel([a, b]), known)

    assert asked(answer) == [("execute", "b", 1)]
    assert statuses(known) == {"a": "success", "b": "running"}


def test_the_value_of_a_block_is_found_again_in_the_journal() -> None:
    known = journal(input=1, a=done(2), b=done(11))

    answer = turn(flow().parallel([a, b]), known)

    found = ({"a": 2, "b": 11}, "arms:a|b")
    assert answer.outcome == Done(*found, order=5, carry=found)
