"""A body for each item of a list, side by side up to a limit."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine.outcomes import Bailed, Done, Succeeded, Suspended, Threw

from .bodies import adds, bails, echo, flow, raises, says, step
from .driver import Driver
from .journals import asked, bailed, done, error, failed, foreach, journal, running, statuses, turn
from .wire import failure, success

a = adds("a", 10)
one_by_one = flow("w").foreach(a)
two_at_once = flow("w").foreach(a, concurrency=2)


def test_items_run_one_after_the_other_by_default() -> None:
    run = Driver(one_by_one)
    run.begin([1, 2, 3])

    first = run.turn()
    assert asked(first) == [("execute", "a[0]", 1)]

    run.perform("a[0]")
    assert asked(run.turn()) == [("execute", "a[1]", 2)]


def test_no_more_than_the_limit_run_at_once() -> None:
    run = Driver(two_at_once)
    run.begin([1, 2, 3, 4])

    assert asked(run.turn()) == [("execute", "a[0]", 1), ("execute", "a[1]", 2)]

    run.perform("a[1]")
    assert asked(run.turn()) == [("execute", "a[2]", 3)]


def test_outputs_are_in_the_order_of_the_items() -> None:
    run = Driver(two_at_once, choose=lambda paths: paths[-1])

    result = run.start([1, 2, 3])

    assert run.ran == ["a[1]", "a[2]", "a[0]"]
    assert result.to_wire() == {
        "status": "success",
        "steps": {"input": [1, 2, 3], "a": success([1, 2, 3], [11, 12, 13])},
        "input": [1, 2, 3],
        "runId": "r1",
        "stepExecutionPath": [],
        "result": [11, 12, 13],
    }


def test_an_item_that_returns_nothing_leaves_a_hole() -> None:
    def body(ctx: Any) -> Any:
        return ctx.input_data if ctx.input_data != 2 else None

    result = Driver(flow().foreach(step("a", body))).start([1, 2, 3])

    assert result.result == [1, None, 3]


@pytest.mark.parametrize("given", [[], {}, 5, "text"])
def test_what_is_no_list_or_empty_has_no_items(given: Any) -> None:
    run = Driver(flow().foreach(a).then(echo("b")))

    result = run.start(given)

    assert run.ran == ["b"]
    assert result.result == []


def test_no_input_at_all_fails_the_run() -> None:
    run = Driver(flow().then(says("quiet", None)).foreach(a).then(echo("b")))

    result = run.start()

    assert (run.ran, result.status) == (["quiet"], "failed")


def test_the_limit_may_be_computed_from_the_input() -> None:
    run = Driver(flow().foreach(a, concurrency=lambda ctx: len(ctx.input_data) - 1))
    run.begin([1, 2, 3])

    assert asked(run.advance()) == [("decide", "a?", "concurrency")]

    run.perform("a?")
    assert asked(run.advance()) == [("execute", "a[0]", 1), ("execute", "a[1]", 2)]


@pytest.mark.parametrize("limit", [0, -1, "3", None, 1.5])
def test_an_invalid_limit_counts_as_one(limit: Any) -> None:
    known = journal({"a": foreach(running(input=[1, 2])), "a?": done(limit)}, input=[1, 2])

    answer = turn(flow().foreach(a, concurrency=lambda ctx: limit), known)

    assert asked(answer) == [("execute", "a[0]", 1)]


def test_an_item_refers_to_its_place_in_the_list() -> None:
    known = journal(input=[1, 2])

    turn(two_at_once, known)

    refs = {path: entry.input_ref for path, entry in known.entries.items() if path}
    assert refs == {"a": "in:", "a[0]": "item:0:a", "a[1]": "item:1:a"}


def test_the_whole_tells_one_start_progress_by_item_and_one_result() -> None:
    run = Driver(one_by_one)

    run.start([1, 2])

    assert run.told == [
        "start",
        "step-start a",
        "step-progress a[0]",
        "step-progress a[1]",
        "step-result a",
        "finish",
    ]
    progress = [event.own for event in run.shelf.events if event.path.endswith("]")]
    assert progress == [
        {"completedCount": 1, "totalCount": 2, "currentIndex": 0, "iterationStatus": "success"},
        {"completedCount": 2, "totalCount": 2, "currentIndex": 1, "iterationStatus": "success"},
    ]


def test_after_a_failed_item_no_further_one_starts_and_running_ones_finish() -> None:
    run = Driver(two_at_once)
    run.begin([1, 2, 3])
    run.turn()

    run.answer("a[1]", Threw(error("no")))
    assert asked(run.turn()) == []
    assert not run.settled

    run.answer("a[0]", Succeeded(11))
    run.turn()
    assert run.result().status == "failed"
    assert statuses(run.journal) == {"a": "failed", "a[0]": "success", "a[1]": "failed"}


def test_the_first_item_to_fail_gives_the_error_and_the_record() -> None:
    run = Driver(flow().foreach(raises("a"), concurrency=2))
    run.begin([1, 2])
    run.turn()
    run.answer("a[1]", Threw(error("second item")))
    run.answer("a[0]", Threw(error("first item")))
    run.turn()

    result = run.result()

    iterations = [failure(1, "first item"), failure(2, "second item")]
    assert result.error == error("second item")
    assert result.steps["a"] == failure(
        2,
        "second item",
        suspendPayload={
            "__workflow_meta": {
                "foreachOutput": [{"suspendPayload": {}} | record for record in iterations],
                "resumeLabels": {},
            }
        },
    )


def test_a_bail_ends_the_run_with_its_value() -> None:
    run = Driver(flow().foreach(bails("a", "enough")).then(echo("b")))

    result = run.start([1, 2])

    assert run.ran == ["a[0]"]
    assert (result.status, result.result) == ("success", "enough")
    assert [
        event.own.get("iterationStatus") for event in run.shelf.events if "[" in event.path
    ] == ["failed"]


def test_a_failed_item_outweighs_one_that_bailed() -> None:
    run = Driver(two_at_once)
    run.begin([1, 2])
    run.turn()
    run.answer("a[0]", Bailed("enough"))
    run.answer("a[1]", Threw(error("no")))
    run.turn()

    assert run.result().status == "failed"


def test_a_bail_outweighs_a_suspension() -> None:
    run = Driver(two_at_once)
    run.begin([1, 2])
    run.turn()
    run.answer("a[0]", Suspended({"ask": 1}))
    run.answer("a[1]", Bailed("enough"))
    run.turn()

    assert (run.result().status, run.result().result) == ("success", "enough")


def test_a_lost_item_begins_again_and_finished_ones_do_not() -> None:
    known = journal(
        {
            "a": foreach(running(input=[1, 2, 3])),
            "a[0]": done(11),
            "a[1]": running(input=2),
        },
        input=[1, 2, 3],
    )

    answer = turn(two_at_once, known)

    assert asked(answer) == [("execute", "a[1]", 2), ("execute", "a[2]", 3)]


def test_after_a_crash_a_failed_item_still_keeps_others_from_starting() -> None:
    run = Driver(flow().foreach(a, concurrency=2))
    run.begin([1, 2, 3])
    run.turn()
    run.answer("a[0]", Threw(error("no")))
    run.turn()

    run.crash()
    run.turn()

    assert list(run.open) == ["a[1]"]


def test_after_a_crash_a_suspended_item_still_keeps_others_from_starting() -> None:
    run = Driver(flow().foreach(a, concurrency=2))
    run.begin([1, 2, 3])
    run.turn()
    run.answer("a[0]", Suspended({"ask": 1}))
    run.turn()

    run.crash()
    run.turn()

    assert list(run.open) == ["a[1]"]


def test_progress_is_told_once_for_each_item_whatever_crashes() -> None:
    run = Driver(flow().foreach(a, concurrency=2))
    run.begin([1, 2])
    run.turn()
    run.answer("a[0]", Threw(error("no")))
    run.turn()

    run.crash()
    run.drive()

    assert [told for told in run.told if "progress" in told] == [
        "step-progress a[0]",
        "step-progress a[1]",
    ]


def test_the_failed_item_that_ended_first_is_found_again_in_the_journal() -> None:
    known = journal(
        {
            "a": foreach(running(input=[1, 2])),
            "a[1]": failed("second item"),
            "a[0]": failed("first item"),
        },
        input=[1, 2],
    )

    turn(two_at_once, known)

    assert known.entries["a"].error == error("second item")


def test_the_bailed_item_is_found_again_in_the_journal() -> None:
    known = journal(
        {"a": foreach(running(input=[1, 2])), "a[0]": bailed("enough")},
        input=[1, 2],
    )

    turn(one_by_one, known)

    assert statuses(known) == {"a": "bailed", "a[0]": "bailed"}
    assert known.entries["a"].output == "enough"


def test_a_finished_foreach_refers_to_the_outputs_of_its_items() -> None:
    known = journal(
        {"a": foreach(running(input=[1, 2])), "a[0]": done(11), "a[1]": done(12)},
        input=[1, 2],
    )

    answer = turn(two_at_once, known)

    assert isinstance(answer.outcome, Done)
    assert (answer.outcome.value, answer.outcome.ref) == ([11, 12], "out:a")
    assert known.entries["a"].output_ref == "list:2:a"


def test_a_foreach_of_nested_workflows_runs_each_to_its_end() -> None:
    inner = flow("n").then(adds("x", 1)).then(adds("y", 2))
    run = Driver(flow().foreach(inner, concurrency=2))

    result = run.start([1, 2])

    assert result.result == [4, 5]
    assert run.ran == ["n[0]/x", "n[1]/x", "n[0]/y", "n[1]/y"]
    assert [told for told in run.told if "x" in told or "y" in told] == []


def test_an_item_without_output_is_shown_as_a_hole_in_the_whole() -> None:
    result = Driver(flow().foreach(says("quiet", None))).start([1, 2])

    assert result.steps["quiet"] == success([1, 2], [None, None])
