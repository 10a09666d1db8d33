"""Waits: nothing runs until their time has come."""

from __future__ import annotations

from datetime import UTC, datetime

from runs.engine.outcomes import Done

from .bodies import adds, echo, flow
from .driver import Driver
from .journals import NOW, asked, done, journal, running, statuses, turn, waiting

a = adds("a", 1)
minute = flow().sleep(60).then(a)


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def test_a_wait_begins_at_once_and_says_when_it_is_over() -> None:
    known = journal(input=1)

    answer = turn(minute, known)

    assert (asked(answer), answer.wake_at, answer.outcome) == ([], NOW + 60_000, None)
    assert statuses(known) == {"sleep_w_0": "waiting"}
    assert known.entries["sleep_w_0"].wake_at == NOW + 60_000


def test_before_its_time_a_wait_is_not_over() -> None:
    known = journal(input=1, sleep_w_0=waiting(NOW + 60_000, input=1))

    answer = turn(minute, known, NOW + 59_999)

    assert (asked(answer), answer.wake_at) == ([], NOW + 60_000)


def test_when_its_time_has_come_a_wait_passes_its_input_on() -> None:
    known = journal(input=1, sleep_w_0=waiting(NOW + 60_000, input=1))

    answer = turn(minute, known, NOW + 60_000)

    assert asked(answer) == [("execute", "a", 1)]
    assert known.entries["sleep_w_0"].output_ref == "in:sleep_w_0"
    assert known.entries["a"].input_ref == "out:sleep_w_0"


def test_a_wait_that_began_keeps_its_time_over_a_crash() -> None:
    run = Driver(minute)
    run.begin(1)
    run.turn()
    run.now += 30_000

    run.crash()

    assert run.turn().wake_at == NOW + 60_000


def test_a_negative_time_is_no_wait() -> None:
    answer = turn(flow().sleep(-5).then(a), journal(input=1))

    assert asked(answer) == [("execute", "a", 1)]


def test_a_date_in_the_past_is_no_wait() -> None:
    answer = turn(flow().sleep_until(at(NOW - 1)).then(a), journal(input=1))

    assert asked(answer) == [("execute", "a", 1)]


def test_a_date_is_waited_for() -> None:
    answer = turn(flow().sleep_until(at(NOW + 500)), journal(input=1))

    assert answer.wake_at == NOW + 500


def test_a_time_to_wait_may_be_computed() -> None:
    run = Driver(flow().sleep(lambda ctx: ctx.input_data / 2))
    run.begin(3)

    assert asked(run.advance()) == [("decide", "sleep_w_0?", "sleep")]

    run.perform("sleep_w_0?")
    assert run.advance().wake_at == NOW + 1500


def test_a_computed_time_counts_from_when_the_answer_was_taken_up() -> None:
    known = journal({"sleep_w_0?": done(1500)}, input=3)

    answer = turn(flow().sleep(lambda ctx: 1.5), known, NOW + 7)

    assert answer.wake_at == NOW + 1507


def test_a_date_may_be_computed() -> None:
    run = Driver(flow().sleep_until(lambda ctx: at(NOW + ctx.input_data)))
    run.begin(250)

    assert asked(run.advance()) == [("decide", "sleep_w_0?", "sleep_until")]

    run.perform("sleep_w_0?")
    assert run.advance().wake_at == NOW + 250


def test_an_answer_that_was_lost_is_asked_for_again() -> None:
    known = journal({"sleep_w_0?": running()}, input=3)

    answer = turn(flow().sleep(lambda ctx: 1), known)

    assert asked(answer) == [("decide", "sleep_w_0?", "sleep")]


def test_a_time_that_cannot_be_computed_fails_the_run() -> None:
    result = Driver(flow().sleep(lambda ctx: ctx.input_data["x"])).start(3)

    assert result.status == "failed"


def test_a_wait_is_shown_as_waiting_and_then_as_a_success() -> None:
    run = Driver(flow().sleep(60).then(echo("b")))

    result = run.start(1)

    end = NOW + 60_000
    slept = {"status": "success", "startedAt": NOW, "output": 1, "endedAt": end}
    assert result.to_wire() == {
        "status": "success",
        "steps": {
            "input": 1,
            "sleep_w_0": slept,
            "b": {"status": "success", "startedAt": end, "output": 1, "endedAt": end},
        },
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["sleep_w_0", "b"],
        "result": 1,
    }
    assert run.told == [
        "start",
        "step-waiting sleep_w_0",
        "step-result sleep_w_0",
        "step-start b",
        "step-result b",
        "finish",
    ]


def test_of_two_waits_side_by_side_the_earlier_one_wakes_the_run() -> None:
    short, long = flow("short").sleep(1), flow("long").sleep(60)

    answer = turn(flow().parallel([long, short]), journal(input=1))

    assert answer.wake_at == NOW + 1000


def test_a_wait_at_the_end_gives_its_input_as_the_result() -> None:
    known = journal(input=1, sleep_w_0=waiting(NOW, input=1, input_ref="in:"))

    answer = turn(flow().sleep(60), known)

    assert answer.outcome == Done(1, "out:sleep_w_0", 3)
