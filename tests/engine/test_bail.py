"""Ending early, and well."""

from __future__ import annotations

from runs.engine import events
from runs.engine.outcomes import Bail

from .bodies import bails, echo, flow, step
from .driver import Call, Driver
from .journals import asked, bailed, journal, turn
from .wire import success


def test_a_bail_ends_the_run_as_a_success() -> None:
    run = Driver(flow().then(bails("a", {"enough": True})).then(echo("b")))

    result = run.start(1)

    assert result.to_wire() == {
        "status": "success",
        "steps": {"input": 1, "a": success(None, {"enough": True})},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a"],
        "result": {"enough": True},
    }


def test_the_event_says_bailed_where_the_record_says_success() -> None:
    run = Driver(flow().then(bails("a", "enough")))
    run.start(1)

    (event,) = [event for event in run.shelf.events if event.type == events.STEP_RESULT]
    wire = events.wire(event, "r1", run.journal.entries["a"], run.journal.root)

    assert wire["payload"]["status"] == "bailed"
    assert run.result().steps["a"]["status"] == "success"


def test_a_bailed_entry_ends_its_flow() -> None:
    known = journal(input=1, a=bailed("enough"))

    answer = turn(flow().then(bails("a", "enough")).then(echo("b")), known)

    assert asked(answer) == []
    assert answer.outcome == Bail(known.entries["a"])


def test_the_result_refers_to_what_was_bailed_with() -> None:
    run = Driver(flow().then(bails("a", "enough")))

    run.start(1)

    assert run.journal.root.output_ref == "out:a"


def test_a_bail_without_a_value_has_no_result() -> None:
    result = Driver(flow().then(bails("a", None))).start(1)

    assert (result.status, result.result) == ("success", None)


def test_a_bail_keeps_the_state_its_body_set() -> None:
    def body(ctx: Call) -> object:
        ctx.set_state({"why": "enough"})
        return ctx.bail(1)

    run = Driver(flow().then(step("a", body)))
    run.start(1)

    assert run.result(include_state=True).state == {"why": "enough"}
