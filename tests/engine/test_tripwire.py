"""A step that stops the run for a reason that is no error."""

from __future__ import annotations

from runs import RetryConfig, TripWire

from .bodies import echo, flow, raises
from .driver import Driver
from .journals import NOW

WIRE = {"reason": "out of bounds", "retry": True, "metadata": {"by": 3}}
trips = raises("a", TripWire("out of bounds", retry=True, metadata={"by": 3}))
STORED = {"message": "out of bounds", "name": "TripWire"}
RECORD = {
    "status": "failed",
    "startedAt": NOW,
    "error": STORED,
    "endedAt": NOW,
    "tripwire": WIRE,
}


def test_the_run_has_the_status_tripwire_and_no_error() -> None:
    run = Driver(flow().then(trips).then(echo("b")))

    result = run.start(1)

    assert run.ran == ["a"]
    assert result.to_wire() == {
        "status": "tripwire",
        "steps": {"input": 1, "a": RECORD},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a"],
        "tripwire": WIRE,
    }


def test_the_finish_event_has_the_tripwire() -> None:
    run = Driver(flow().then(trips))

    run.start(1)

    assert run.shelf.events[-1].own == {"workflowStatus": "tripwire", "tripwire": WIRE}


def test_it_is_tried_again_like_any_failure() -> None:
    again = raises("a", TripWire("out of bounds"), times=1, retries=1)
    run = Driver(flow().then(again))

    result = run.start(1)

    assert run.ran == ["a", "a"]
    assert result.status == "success"


def test_it_is_told_through_nested_workflows() -> None:
    run = Driver(flow(retry_config=RetryConfig(1)).then(flow("n").then(trips)))

    result = run.start(1)

    assert run.ran == ["n/a", "n!2/a"]
    assert (result.status, result.tripwire) == ("tripwire", WIRE)
    assert result.steps == {"input": 1, "n": RECORD}


def test_it_is_told_through_a_foreach() -> None:
    run = Driver(flow().foreach(trips))

    result = run.start([1, 2])

    assert run.ran == ["a[0]"]
    assert (result.status, result.tripwire) == ("tripwire", WIRE)


def test_the_first_failed_arm_decides_between_error_and_tripwire() -> None:
    wire_first = Driver(flow().parallel([trips, raises("b")])).start(1)
    error_first = Driver(flow().parallel([raises("b"), trips])).start(1)

    assert (wire_first.status, error_first.status) == ("tripwire", "failed")
