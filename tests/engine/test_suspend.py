"""A step that waits for an answer, and how it is given one."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine.outcomes import Halted, Suspended
from runs.exceptions import (
    AmbiguousResume,
    InvalidResumeData,
    RunNotSuspended,
    StepNotSuspended,
)

from .bodies import asks, echo, flow, says, step
from .driver import Driver
from .journals import NOW, asked, done, journal, resumed, running, statuses, suspended, turn
from .wire import success, suspension

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def test_a_suspended_step_suspends_the_run() -> None:
    known = journal(input=1, a=suspended({"ask": 1}))

    answer = turn(flow().then(asks("a")), known)

    assert asked(answer) == []
    assert answer.outcome == Halted((known.entries["a"],))


def test_the_result_says_where_and_with_what() -> None:
    run = Driver(flow().then(asks("a")).then(echo("b")))

    result = run.start(1)

    assert result.to_wire() == {
        "status": "suspended",
        "steps": {"input": 1, "a": suspension(None, {"ask": 1})},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a"],
        "suspended": [["a"]],
        "suspendPayload": {"a": {"ask": 1}},
    }
    assert run.told == ["start", "step-start a", "step-suspended a", "finish"]


def test_a_value_returned_after_suspending_is_kept_beside_the_payload() -> None:
    def body(ctx: Any) -> str:
        ctx.suspend({"ask": 1})
        return "by the way"

    result = Driver(flow().then(step("a", body))).start(1)

    assert result.steps["a"] == suspension(None, {"ask": 1}, suspendOutput="by the way")


def test_a_suspension_without_payload_has_none() -> None:
    run = Driver(flow().then(step("a", lambda ctx: ctx.suspend())))

    result = run.start(1)

    assert result.suspended == [["a"]]
    assert result.suspend_payload == {"a": {}}
    assert result.steps["a"] == suspension(None)


def test_resuming_runs_the_step_again_with_the_data_and_what_it_asked() -> None:
    seen = []

    def body(ctx: Any) -> Any:
        seen.append((ctx.resume_data, ctx.suspend_data))
        return "done" if ctx.resume_data else ctx.suspend({"ask": 1})

    run = Driver(flow().then(step("a", body)).then(echo("b")))
    run.start(1)

    result = run.resume({"n": 1})

    assert seen == [(None, None), ({"n": 1}, {"ask": 1})]
    assert result.to_wire() == {
        "status": "success",
        "steps": {
            "input": 1,
            "a": success(None, "done", resumePayload={"n": 1}, resumedAt=NOW),
            "b": success(None, "done"),
        },
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a", "b"],
        "result": "done",
    }


def test_a_resumed_step_keeps_its_input_and_the_time_it_started() -> None:
    run = Driver(flow().then(asks("a")))
    run.start(1)
    run.now += 5000

    result = run.resume("yes")

    assert result.steps["a"] == {
        "status": "success",
        "startedAt": NOW,
        "resumePayload": "yes",
        "resumedAt": NOW + 5000,
        "output": [1, "yes"],
        "endedAt": NOW + 5000,
    }


def test_steps_before_the_suspended_one_do_not_run_again() -> None:
    run = Driver(flow().then(says("a", 1)).then(asks("b")))
    run.start()
    run.ran.clear()

    run.resume("yes")

    assert run.ran == ["b"]


def test_a_step_may_suspend_again() -> None:
    run = Driver(flow().then(step("a", _asks_twice)))
    run.start(1)

    again = run.resume("first")
    assert again.status == "suspended"
    assert again.steps["a"] == suspension(
        None, {"after": "first"}, resumePayload="first", resumedAt=NOW
    )

    assert run.resume("second").result == "second"


def _asks_twice(ctx: Any) -> Any:
    if ctx.resume_data == "second":
        return ctx.resume_data
    return ctx.suspend({"after": ctx.resume_data} if ctx.resume_data else {"first": True})


def test_without_data_the_step_starts_afresh() -> None:
    run = Driver(flow().then(asks("a")))
    run.start(1)
    run.now += 5000

    result = run.resume(None)

    record = suspension(None, {"ask": 1}) | {
        "startedAt": NOW + 5000,
        "suspendedAt": NOW + 5000,
    }
    assert result.steps["a"] == record


@pytest.mark.parametrize("data", [0, "", False])
def test_data_that_counts_as_false_reaches_the_step_and_no_record(data: Any) -> None:
    run = Driver(flow().then(asks("a")))
    run.start(1)
    run.now += 5000

    result = run.resume(data)

    assert result.result == [1, data]
    assert result.steps["a"].keys() == {"status", "output", "startedAt", "endedAt"}
    assert result.steps["a"]["startedAt"] == NOW + 5000


def test_an_empty_object_is_data() -> None:
    run = Driver(flow().then(asks("a")))
    run.start(1)

    assert run.resume({}).result == [1, {}]


def test_the_events_of_a_resume_begin_with_the_step_that_goes_on() -> None:
    run = Driver(flow().then(asks("a")).then(echo("b")))
    run.start(1)
    before = len(run.told)

    run.resume("yes")

    assert run.told[before:] == [
        "start",
        "step-start a",
        "step-result a",
        "step-start b",
        "step-result b",
        "finish",
    ]


def test_a_resume_whose_worker_died_is_given_the_data_again() -> None:
    run = Driver(flow().then(asks("a")))
    run.start(1)
    run.reply("yes")
    run.turn()

    run.crash()

    assert run.drive().result == [1, "yes"]


def test_a_step_to_be_resumed_is_asked_for_once() -> None:
    known = journal(input=1, a=resumed("yes", input=1))

    answer = turn(flow().then(asks("a")), known)

    assert asked(answer) == [("execute", "a", 1)]
    assert statuses(known) == {"a": "running"}


# --- what cannot be resumed ------------------------------------------------------------------


def test_a_run_that_is_not_suspended_cannot_be_resumed() -> None:
    run = Driver(flow().then(says("a", 1)))
    run.start()

    with pytest.raises(RunNotSuspended):
        run.resume("yes")


def test_one_suspension_is_resumed_once() -> None:
    run = Driver(flow().then(asks("a")).then(asks("b")))
    run.start(1)
    run.resume("yes", step=["a"])

    with pytest.raises(StepNotSuspended, match="Available suspended steps"):
        run.resume("yes", step=["a"])


def test_several_suspended_steps_need_a_name() -> None:
    run = Driver(flow().parallel([asks("a"), flow("n").then(asks("x"))]))
    run.start(1)

    with pytest.raises(AmbiguousResume) as raised:
        run.resume("yes")

    assert str(raised.value) == (
        "Multiple suspended steps found: [a], [n, x]. "
        'Please specify which step to resume using the "step" parameter.'
    )


def test_a_step_that_is_not_suspended_cannot_be_resumed() -> None:
    run = Driver(flow().then(says("a", 1)).then(asks("b")))
    run.start()

    with pytest.raises(StepNotSuspended) as raised:
        run.resume("yes", step=["a"])

    assert str(raised.value) == (
        'This workflow step "a" was not suspended. Available suspended steps: [b]'
    )


def test_data_that_does_not_fit_is_refused() -> None:
    run = Driver(flow().then(asks("a", resume_schema=NUMBER)))
    run.start(1)

    with pytest.raises(InvalidResumeData, match="Invalid resume data: \n- n: "):
        run.resume({"n": "one"})

    assert run.result().status == "suspended"


def test_data_that_does_not_fit_a_nested_step_is_refused_as_well() -> None:
    run = Driver(flow().then(flow("n").then(asks("x", resume_schema=NUMBER))))
    run.start(1)

    with pytest.raises(InvalidResumeData):
        run.resume({"n": "one"}, step=["n", "x"])


def test_a_refused_resume_changes_nothing() -> None:
    run = Driver(flow().parallel([asks("a"), asks("b", resume_schema=NUMBER)]))
    run.start(1)

    for where in ({}, {"step": ["z"]}, {"step": ["b"]}):
        with pytest.raises((AmbiguousResume, StepNotSuspended, InvalidResumeData)):
            run.resume("yes", **where)

    assert run.journal.take_changes() == ([], [])
    assert run.result().suspended == [["a"], ["b"]]


def test_data_is_taken_as_the_schema_gives_it() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "default": 7}}}
    run = Driver(flow().then(asks("a", resume_schema=schema)))
    run.start(1)

    assert run.resume({"other": 1}).result == [1, {"n": 7}]


def test_without_validation_any_data_is_taken() -> None:
    run = Driver(flow().then(asks("a", resume_schema=NUMBER)))
    run.start(1)

    assert run.resume("text", validates=False).result == [1, "text"]


def test_a_schema_that_refuses_keeps_other_places_as_they_are() -> None:
    run = Driver(flow().foreach(asks("a", resume_schema=NUMBER), concurrency=2))
    run.start([1, 2])

    with pytest.raises(InvalidResumeData):
        run.resume({"n": "one"}, step=["a"], index=1)

    assert run.resume({"n": 1}).result == [[1, {"n": 1}], [2, {"n": 1}]]


def test_a_suspension_that_is_canceled_elsewhere_stays_in_the_journal() -> None:
    run = Driver(flow().then(asks("a")))
    run.begin(1)
    run.turn()
    run.cancel()
    run.answer("a", Suspended({"ask": 1}))
    run.turn()

    assert run.result().status == "canceled"
    assert statuses(run.journal) == {"a": "suspended"}


def test_a_running_step_is_not_suspended() -> None:
    known = journal(input=1, a=done(2), b=running(input=2))

    assert turn(flow().then(echo("a")).then(asks("b")), known).outcome is None
