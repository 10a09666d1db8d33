"""One entry at a time."""

from __future__ import annotations

from .bodies import adds, asks, echo, flow, raises
from .driver import Driver
from .journals import NOW, statuses
from .wire import success

a, b, c = adds("a", 1), adds("b", 10), adds("c", 100)


def test_the_run_pauses_after_one_entry() -> None:
    run = Driver(flow().then(a).then(b))

    result = run.start(1, per_step=True)

    assert run.ran == ["a"]
    assert result.to_wire() == {
        "status": "paused",
        "steps": {"input": 1, "a": success(None, 2)},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a"],
    }
    assert run.told == ["start", "step-start a", "step-result a", "paused", "finish"]


def test_the_run_pauses_after_its_last_entry_too() -> None:
    result = Driver(flow().then(a)).start(1, per_step=True)

    assert (result.status, result.result) == ("paused", None)


def test_time_travel_to_the_next_step_goes_on() -> None:
    run = Driver(flow().then(a).then(b).then(c))
    run.start(1, per_step=True)

    second = run.travel("b", per_step=True)
    assert (run.ran, second.status) == (["a", "b"], "paused")

    last = run.travel("c")
    assert (run.ran, last.status, last.result) == (["a", "b", "c"], "success", 112)


def test_of_a_parallel_only_the_first_arm_runs() -> None:
    run = Driver(flow().parallel([a, b]).then(echo("c")))

    result = run.start(1, per_step=True)

    assert (run.ran, result.status) == (["a"], "paused")


def test_of_a_branch_only_one_chosen_arm_runs() -> None:
    run = Driver(flow().branch([(lambda ctx: False, a), (lambda ctx: True, b), (bool, c)]))

    result = run.start(1, per_step=True)

    assert (run.ran, result.status) == (["b"], "paused")


def test_a_branch_without_a_chosen_arm_is_an_entry_too() -> None:
    run = Driver(flow().branch([(lambda ctx: False, a)]).then(b))

    result = run.start(1, per_step=True)

    assert (run.ran, result.status) == ([], "paused")


def test_a_loop_runs_to_its_end() -> None:
    run = Driver(flow().dowhile(a, lambda ctx: ctx.iteration_count < 3).then(b))

    result = run.start(1, per_step=True)

    assert (run.ran, result.status) == (["a#1", "a#2", "a#3"], "paused")


def test_a_foreach_runs_to_its_end() -> None:
    run = Driver(flow().foreach(a).then(b))

    result = run.start([1, 2], per_step=True)

    assert (run.ran, result.status) == (["a[0]", "a[1]"], "paused")


def test_a_nested_workflow_runs_one_of_its_entries() -> None:
    run = Driver(flow().then(flow("n").then(a).then(b)).then(c))

    result = run.start(1, per_step=True)

    assert run.ran == ["n/a"]
    assert (result.status, result.steps["n"]) == ("paused", {"status": "paused", "startedAt": NOW})
    assert statuses(run.journal) == {"n": "paused", "n/a": "success"}
    assert run.told[-4:] == ["paused n", "step-result n", "paused", "finish"]


def test_a_nested_workflow_as_the_first_arm_runs_one_of_its_entries() -> None:
    run = Driver(flow().parallel([flow("n").then(a).then(b), c]))

    result = run.start(1, per_step=True)

    assert (run.ran, result.status) == (["n/a"], "paused")


def test_a_foreach_of_nested_workflows_runs_one_entry_of_one_item() -> None:
    run = Driver(flow().foreach(flow("n").then(a).then(b)))

    result = run.start([1, 2], per_step=True)

    assert (run.ran, result.status) == (["n[0]/a"], "paused")


def test_a_failure_ends_as_usual() -> None:
    result = Driver(flow().then(raises("a")).then(b)).start(1, per_step=True)

    assert result.status == "failed"


def test_a_suspension_ends_as_usual() -> None:
    run = Driver(flow().then(asks("a")).then(echo("b")))
    assert run.start(1, per_step=True).status == "suspended"

    assert run.resume("yes", per_step=True).status == "paused"
    assert run.ran == ["a", "a"]


def test_a_resume_without_per_step_goes_to_the_end() -> None:
    run = Driver(flow().then(asks("a")).then(echo("b")))
    run.start(1, per_step=True)

    assert run.resume("yes").status == "success"


def test_a_crash_in_the_one_entry_pauses_after_it_all_the_same() -> None:
    run = Driver(flow().then(a).then(b))
    run.begin(1, per_step=True)
    run.turn()

    run.crash()

    assert run.drive().status == "paused"
    assert run.ran == ["a"]
