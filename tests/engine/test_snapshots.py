"""A run as it is stored and shown in the reference's form, and back."""

from __future__ import annotations

import pytest

from runs.engine import restore
from runs.engine.snapshots import flattened, run_record, snapshot

from .bodies import adds, asks, echo, flow, raises, sets
from .driver import Driver
from .journals import asked, statuses, turn
from .wire import success, suspension

a, b = adds("a", 1), adds("b", 10)


def test_the_snapshot_of_a_finished_run() -> None:
    run = Driver(flow().then(a).then(sets("s", seen=2)))
    run.start(1)

    assert snapshot(run.journal) == {
        "runId": "r1",
        "status": "success",
        "value": {"seen": 2},
        "context": {"input": 1, "a": success(1, 2), "s": success(2, {})},
        "activePaths": [1],
        "activeStepsPath": {},
        "suspendedPaths": {},
        "waitingPaths": {},
        "resumeLabels": {},
        "stepExecutionPath": ["a", "s"],
        "requestContext": {},
        "result": {},
    }


def test_the_snapshot_of_a_suspended_run() -> None:
    run = Driver(flow().then(a).parallel([b, asks("c", labels=("manager",))]))
    run.start(1)

    shown = snapshot(run.journal)

    assert shown["status"] == "suspended"
    assert shown["context"] == {
        "input": 1,
        "a": success(1, 2),
        "b": success(2, 12),
        "c": suspension(2, {"ask": 2}),
    }
    assert shown["suspendedPaths"] == {"c": [1, 1]}
    assert shown["resumeLabels"] == {"manager": {"stepId": "c"}}


def test_the_snapshot_of_a_running_run_names_what_runs() -> None:
    run = Driver(flow().then(a).parallel([b, echo("c")]))
    run.begin(1)
    run.step()
    run.turn()

    shown = snapshot(run.journal)

    assert (shown["status"], shown["activeStepsPath"]) == ("running", {"b": [1, 0], "c": [1, 1]})


def test_the_snapshot_of_a_failed_run_has_the_error() -> None:
    run = Driver(flow().then(raises("a")))
    run.start(1)

    assert snapshot(run.journal)["error"] == {"message": "no", "name": "RuntimeError"}


def test_the_snapshot_of_a_nested_workflow_is_its_own() -> None:
    run = Driver(flow().then(flow("n").then(a).then(b)))
    run.start(1)

    shown = snapshot(run.journal, "n")

    assert shown["context"] == {"input": 1, "a": success(1, 2), "b": success(2, 12)}
    assert (shown["status"], shown["result"]) == ("success", 12)


def test_a_run_record_lists_nested_steps_with_dots() -> None:
    run = Driver(flow().then(flow("n").then(a)).map(lambda ctx: [1]).foreach(flow("m").then(b)))
    run.start(1)

    assert list(flattened(run.journal)) == ["n", "n.a", "mapping_w_0", "m", "m[0].b"]
    assert list(run_record(run.journal, with_nested_workflows=False)["steps"]) == [
        "n",
        "mapping_w_0",
        "m",
    ]


def test_a_run_record_has_only_the_fields_asked_for() -> None:
    run = Driver(flow().then(sets("a", seen=1)))
    run.start(7)

    assert run_record(run.journal, fields=["payload", "requestContext"]) == {
        "payload": 7,
        "requestContext": {},
        "initialState": {"seen": 1},
    }


def test_a_nested_workflow_suspended_inside_shows_as_running_in_a_run_record() -> None:
    run = Driver(flow().then(flow("n").then(asks("x"))))
    run.start(1)

    statuses = {name: shown["status"] for name, shown in flattened(run.journal).items()}

    assert statuses == {"n": "running", "n.x": "suspended"}


def test_of_a_failed_foreach_the_item_that_failed_is_listed() -> None:
    run = Driver(flow().foreach(flow("n").then(raises("x"))))
    run.start([1, 2])

    assert list(flattened(run.journal)) == ["n", "n.x"]


def test_the_snapshot_of_a_run_without_entries_is_empty() -> None:
    shown = snapshot(Driver(flow().then(a)).journal)

    assert (shown["status"], shown["context"], shown["activePaths"]) == ("pending", {}, [])


# --- and back --------------------------------------------------------------------------------


def test_a_snapshot_goes_on_where_it_was() -> None:
    workflow = flow().then(a).then(b).then(echo("c"))
    known = restore.from_snapshot(
        workflow,
        {
            "runId": "r7",
            "status": "running",
            "value": {"s": 1},
            "context": {
                "input": 1,
                "a": {"status": "success", "payload": 1, "output": 2},
                "b": {"status": "running", "payload": 2, "startedAt": 5},
            },
            "stepExecutionPath": ["a", "b"],
        },
    )

    answer = turn(workflow, known)

    assert known.run_id == "r7"
    assert known.root.state == {"s": 1}
    assert asked(answer) == [("execute", "b", 2)]


def test_the_last_iteration_of_a_loop_goes_on() -> None:
    workflow = flow().dowhile(a, lambda ctx: True)
    known = restore.from_snapshot(
        workflow,
        {
            "runId": "r1",
            "status": "running",
            "context": {
                "input": 0,
                "a": {"status": "running", "payload": 2, "metadata": {"iterationCount": 3}},
            },
        },
    )

    assert asked(turn(workflow, known)) == [("execute", "a#3", 2)]


@pytest.mark.parametrize("status", ["success", "failed", "suspended"])
def test_a_round_trip_keeps_the_records(status: str) -> None:
    last = {"success": echo("c"), "failed": raises("c"), "suspended": asks("c")}[status]
    workflow = flow().then(a).parallel([b, echo("d")]).sleep(1).then(last)
    run = Driver(workflow)
    run.start(1)
    shown = snapshot(run.journal)

    again = snapshot(restore.from_snapshot(workflow, shown))

    assert again["status"] == status
    assert {name: again[name] for name in ("context", "value", "suspendedPaths")} == {
        name: shown[name] for name in ("context", "value", "suspendedPaths")
    }


def test_a_foreach_begins_again() -> None:
    workflow = flow().foreach(a)
    known = restore.from_snapshot(
        workflow,
        {
            "runId": "r1",
            "status": "running",
            "context": {"input": [1], "a": {"status": "running", "payload": [1]}},
        },
    )

    assert asked(turn(workflow, known)) == [("execute", "a[0]", 1)]
    assert statuses(known) == {"a": "running", "a[0]": "running"}
