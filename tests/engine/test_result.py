"""The outcome of an execution in the shape that clients get."""

from __future__ import annotations

from runs.engine import edits, records, result
from runs.engine.journal import Status
from runs.engine.result import WorkflowResult

from .bodies import adds, asks, echo, flow, raises, sets
from .driver import Driver
from .journals import done, error, foreach, journal, nested, running
from .wire import failure, success

a, b = adds("a", 1), adds("b", 10)


def test_members_without_a_value_are_left_out_on_the_wire() -> None:
    assert WorkflowResult("r1", "success", 1, {}).to_wire() == {
        "status": "success",
        "steps": {},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": [],
    }


def test_a_result_of_zero_is_a_value() -> None:
    assert WorkflowResult("r1", "success", 0, {}, result=0).to_wire()["result"] == 0


def test_every_member_has_its_name_on_the_wire() -> None:
    whole = WorkflowResult(
        run_id="r1",
        status="suspended",
        input=1,
        steps={"input": 1},
        step_execution_path=["a"],
        result=2,
        error=error("no"),
        tripwire={"reason": "x"},
        suspended=[["a"]],
        suspend_payload={"a": 1},
        state={"s": 1},
        resume_labels={"l": {"stepId": "a"}},
    )

    assert whole.to_wire() == {
        "status": "suspended",
        "steps": {"input": 1},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a"],
        "result": 2,
        "error": error("no"),
        "tripwire": {"reason": "x"},
        "suspended": [["a"]],
        "suspendPayload": {"a": 1},
        "state": {"s": 1},
        "resumeLabels": {"l": {"stepId": "a"}},
    }


def test_a_failed_run_has_an_error_and_no_result() -> None:
    shown = Driver(flow().then(a).then(raises("b"))).start(1)

    assert not shown.succeeded
    assert shown.to_wire() == {
        "status": "failed",
        "steps": {"input": 1, "a": success(None, 2), "b": failure()},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a", "b"],
        "error": error("no"),
    }


def test_the_state_is_shown_when_asked_for() -> None:
    run = Driver(flow().then(sets("a", seen=1)))
    run.start(1, state={"first": True})

    assert run.result().state is None
    assert run.result(include_state=True).state == {"first": True, "seen": 1}
    assert run.result().succeeded


def test_steps_of_blocks_loops_and_foreaches_are_not_in_the_path() -> None:
    workflow = (
        flow()
        .then(a)
        .parallel([b, adds("c", 1)])
        .map(lambda ctx: 0)
        .dowhile(adds("d", 1), lambda ctx: False)
        .map(lambda ctx: [1])
        .foreach(adds("e", 1))
        .sleep(1)
    )

    path = Driver(workflow).start(1).step_execution_path

    assert path == ["a", "mapping_w_0", "mapping_w_1", "sleep_w_0"]


def test_a_payload_is_left_out_only_where_it_repeats_what_came_before() -> None:
    workflow = flow().parallel([a, b]).then(echo("c")).then(echo("d"))

    steps = Driver(workflow).start(1).steps

    both = {"a": 2, "b": 11}
    assert steps == {
        "input": 1,
        "a": success(1, 2),
        "b": success(1, 11),
        "c": success(both, both),
        "d": success(None, both),
    }


def test_a_step_that_failed_does_not_count_as_what_came_before() -> None:
    run = Driver(flow().then(raises("a")))

    assert run.start(1).steps == {"input": 1, "a": failure()}


def test_the_records_of_a_journal_have_every_payload() -> None:
    run = Driver(flow().then(a).then(b))
    run.start(1)

    assert records.steps(run.journal) == {"a": success(1, 2), "b": success(2, 12)}


def test_the_records_of_a_nested_workflow_are_its_own() -> None:
    run = Driver(flow().then(flow("n").then(a).then(b)))
    run.start(1)

    assert list(records.steps(run.journal)) == ["n"]
    assert records.steps(run.journal, "n") == {"a": success(1, 2), "b": success(2, 12)}


def test_a_resumed_entry_shows_as_running() -> None:
    run = Driver(flow().then(asks("a")))
    run.start(1)
    run.reply("yes")

    assert run.journal.entries["a"].status is Status.RESUMED
    assert records.record(run.journal, run.journal.entries["a"])["status"] == "running"


def test_the_items_of_a_foreach_are_found_up_to_the_first_that_has_not_begun() -> None:
    known = journal({"f": foreach(running(input=[1, 2, 3])), "f[0]": done(1), "f[2]": done(3)})

    assert [item.path for item in records.items(known, known.entries["f"])] == ["f[0]"]


def test_a_run_that_failed_for_no_steps_reason_says_why() -> None:
    run = Driver(flow().then(a))
    run.begin(1)
    run.turn()
    gone = {"message": "its worker died again and again", "name": "RunsError"}

    edits.fail(run.journal, gone, run.now)
    run.store()

    assert (run.result().status, run.result().error) == ("failed", gone)
    assert run.shelf.events[-1].own == {
        "workflowStatus": "failed",
        "metadata": {"error": gone, "errorMessage": gone["message"]},
    }
    assert run.shelf.load().status is Status.FAILED


def test_the_path_begins_with_what_earlier_attempts_executed() -> None:
    known = journal(a=done(1), n=nested(done(2)), n__x=done(3))
    for entry in known.entries.values():
        entry.position = (0,)
    known.root.path_before = ("z",)

    assert result.execution_path(known) == ["z", "a", "n"]
