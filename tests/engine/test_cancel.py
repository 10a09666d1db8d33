"""A canceled run starts nothing; what is going on may end."""

from __future__ import annotations

from runs.engine.outcomes import CANCELED, Succeeded, Suspended, Threw

from .bodies import adds, asks, echo, flow, raises
from .driver import Driver
from .journals import (
    NOW,
    asked,
    done,
    error,
    journal,
    running,
    statuses,
    suspended,
    turn,
    waiting,
)
from .wire import success

a, b = adds("a", 1), adds("b", 10)


def test_nothing_further_starts() -> None:
    known = journal(input=1, canceled=True, a=done(2))

    answer = turn(flow().then(a).then(b), known)

    assert (asked(answer), answer.outcome) == ([], CANCELED)
    assert statuses(known) == {"a": "success"}


def test_a_run_canceled_before_it_did_anything_ends_at_once() -> None:
    answer = turn(flow().then(a), journal(input=1, canceled=True))

    assert answer.outcome == CANCELED


def test_the_step_in_progress_finishes_first() -> None:
    run = Driver(flow().then(a).then(b))
    run.begin(1)
    run.turn()
    run.cancel()

    assert run.turn().outcome is None

    run.perform("a")
    run.turn()
    assert run.result().to_wire() == {
        "status": "canceled",
        "steps": {"input": 1, "a": success(None, 2)},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a"],
    }


def test_the_end_is_told_after_the_entry_in_progress() -> None:
    run = Driver(flow().then(a).then(b))
    run.begin(1)
    run.turn()
    run.cancel()

    run.drive()

    assert run.told == ["start", "step-start a", "step-result a", "canceled", "finish"]


def test_the_outcome_is_canceled_whatever_the_last_step_came_to() -> None:
    for answer in (Succeeded(2), Threw(error("no")), Suspended({"ask": 1})):
        run = Driver(flow().then(a))
        run.begin(1)
        run.turn()
        run.cancel()
        run.answer("a", answer)
        run.turn()

        assert run.result().status == "canceled"


def test_the_step_in_progress_has_all_its_tries() -> None:
    run = Driver(flow().then(raises("a", times=2, retries=5)).then(b))
    run.begin(1)
    run.turn()
    run.cancel()

    run.drive()

    assert run.ran == ["a", "a", "a"]
    assert run.result().status == "canceled"


def test_a_step_that_waits_for_its_next_try_has_had_its_last() -> None:
    run = Driver(flow().then(raises("a", retries=1, retry_delay=60)))
    run.begin(1)
    run.step()
    run.turn()
    run.cancel()

    run.drive()

    assert (run.ran, run.now) == (["a"], NOW)
    assert run.result().status == "canceled"


def test_a_wait_is_left_as_it_is() -> None:
    known = journal(input=1, canceled=True, sleep_w_0=waiting(NOW + 60_000))

    answer = turn(flow().sleep(60).then(a), known)

    assert answer.outcome == CANCELED
    assert statuses(known) == {"sleep_w_0": "waiting"}


def test_a_step_whose_worker_died_is_not_begun_again() -> None:
    known = journal(input=1, canceled=True, a=running(input=1))

    answer = turn(flow().then(a), known)

    assert (asked(answer), answer.outcome) == ([], CANCELED)
    assert statuses(known) == {"a": "canceled"}


def test_a_loop_stops_between_two_iterations() -> None:
    run = Driver(flow().dowhile(a, lambda ctx: True))
    run.begin(0)
    for _ in range(2):
        run.step()
    run.turn()
    run.cancel()
    run.drive()

    assert run.ran == ["a#1", "a#2", "a#3"]
    assert run.result().status == "canceled"


def test_the_record_of_a_canceled_loop_says_so_and_no_more() -> None:
    run = Driver(flow().dowhile(a, lambda ctx: True))
    run.begin(0)
    run.turn()
    run.perform("a#1")
    run.cancel()

    run.turn()

    assert run.result().steps["a"] == {"status": "canceled"}


def test_a_loop_canceled_after_its_condition_was_answered_says_so_too() -> None:
    run = Driver(flow().dowhile(a, lambda ctx: True))
    run.begin(0)
    run.advance()
    run.perform("a#1")
    run.advance()
    run.perform("a#1?")
    run.cancel()
    run.turn()

    assert run.result().steps["a"] == {"status": "canceled"}

    run.interpreter.advance(run.now)
    assert run.journal.take_changes() == ([], [])


def test_a_foreach_shows_what_it_has_so_far() -> None:
    run = Driver(flow().foreach(a, concurrency=2))
    run.begin([1, 2, 3])
    run.turn()
    run.perform("a[0]")
    run.cancel()

    run.drive()

    assert run.ran == ["a[0]", "a[1]"]
    assert run.result().status == "canceled"
    assert statuses(run.journal) == {"a": "canceled", "a[0]": "success", "a[1]": "success"}
    assert run.journal.entries["a"].output == [2, 3]


def test_a_foreach_of_nested_workflows_ends_with_what_is_going_on() -> None:
    run = Driver(flow().foreach(flow("n").then(a).then(b), concurrency=2))
    run.begin([1, 2, 3])
    run.turn()
    run.cancel()

    run.drive()

    assert run.ran == ["n[0]/a", "n[1]/a"]
    assert run.result().status == "canceled"


def test_blocks_that_have_not_begun_stay_away() -> None:
    for workflow in (flow().foreach(a), flow().parallel([a]), flow().dowhile(a, lambda ctx: True)):
        known = journal(input=[1], canceled=True)

        answer = turn(workflow, known)

        assert (asked(answer), answer.outcome) == ([], CANCELED)
        assert statuses(known) == {}


def test_arms_in_progress_finish_and_the_others_stay_away() -> None:
    run = Driver(flow().parallel([a, flow("n").then(b).then(echo("c"))]))
    run.begin(1)
    run.turn()
    run.cancel()

    run.drive()

    assert run.ran == ["a", "n/b"]
    assert run.result().status == "canceled"


def test_a_nested_workflow_is_canceled_with_its_parent() -> None:
    run = Driver(flow().then(flow("n").then(a).then(b)))
    run.begin(1)
    run.turn()
    run.cancel()

    run.drive()

    assert run.ran == ["n/a"]
    assert run.told[-4:] == ["canceled n", "step-result n", "canceled", "finish"]
    assert run.result().steps["n"] == success()


def test_conditions_are_not_asked_any_more() -> None:
    known = journal(input=1, canceled=True)

    answer = turn(flow().branch([(lambda ctx: True, a)]), known)

    assert (asked(answer), answer.outcome) == ([], CANCELED)


def test_an_answer_of_a_condition_that_comes_late_starts_nothing() -> None:
    run = Driver(flow().branch([(lambda ctx: True, a)]))
    run.begin(1)
    run.advance()
    run.cancel()
    run.perform("branch_0?")

    run.turn()

    assert (run.ran, run.result().status) == ([], "canceled")


def test_a_crash_after_the_cancel_changes_nothing() -> None:
    run = Driver(flow().parallel([a, b]))
    run.begin(1)
    run.turn()
    run.perform("a")
    run.cancel()
    run.turn()

    run.crash()
    run.drive()

    assert run.ran == ["a"]
    assert run.result().status == "canceled"
    assert statuses(run.journal) == {"a": "success", "b": "canceled"}


def test_a_suspended_arm_stays_suspended_in_the_journal() -> None:
    known = journal(input=1, canceled=True, a=suspended({"ask": 1}), b=running(input=1))

    answer = turn(flow().parallel([asks("a"), b]), known)

    assert answer.outcome == CANCELED
    assert statuses(known) == {"a": "suspended", "b": "canceled"}
