"""A new attempt that runs from a step on; what lies before is kept, or brought along."""

from __future__ import annotations

from typing import Any

import pytest

from runs import RetryConfig
from runs.engine.journal import Journal
from runs.engine.travel import Trip, holds, travel

from .bodies import adds, asks, echo, flow, says, step
from .driver import Call, Driver
from .journals import statuses
from .shelf import shown

a, b, c = adds("a", 1), adds("b", 10), adds("c", 100)
chain = flow().then(a).then(b).then(c)


def travelled(run: Driver, *target: str, **options: Any) -> list[str]:
    """The bodies that run when a run is travelled back in."""
    run.ran.clear()
    run.travel(*target, **options)
    return run.ran


# --- what runs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "ran"), [("a", ["a", "b", "c"]), ("b", ["b", "c"]), ("c", ["c"])]
)
def test_the_target_and_all_after_it_run(target: str, ran: list[str]) -> None:
    run = Driver(chain)
    run.start(1)

    assert travelled(run, target) == ran
    assert run.result().result == 112


def test_the_new_attempt_leaves_the_old_one_alone() -> None:
    run = Driver(chain)
    run.start(1)
    old = run.journal
    before = shown(old.entries.values())

    run.travel("b", input_data=5)

    assert shown(old.entries.values()) == before
    assert shown(run.shelf.entries(1).values()) == before
    assert (old.attempt, run.journal.attempt) == (1, 2)


def test_kept_entries_refer_to_the_attempt_that_recorded_them() -> None:
    run = Driver(chain)
    run.start(1)
    run.travel("b")
    run.travel("c")

    origins = {path: entry.kept_from for path, entry in run.journal.entries.items() if path}
    assert origins == {"a": 1, "b": 2, "c": None}
    assert run.shelf.stored_values(3) == {
        "": (1, None),
        "a": (None, None),
        "b": (None, None),
        "c": (None, 112),
    }
    assert shown(run.shelf.load().entries.values()) == shown(run.journal.entries.values())


def test_the_path_of_executions_grows() -> None:
    run = Driver(chain)
    run.start(1)

    result = run.travel("b")

    assert result.step_execution_path == ["a", "b", "c", "b", "c"]


def test_a_failed_step_runs_again() -> None:
    trouble = [True]

    def body(ctx: Call) -> Any:
        if trouble:
            raise RuntimeError("no")
        return ctx.input_data

    run = Driver(flow().then(a).then(step("b", body)).then(c))
    assert run.start(1).status == "failed"
    trouble.clear()

    assert travelled(run, "b") == ["b", "c"]
    assert run.result().result == 102


def test_a_step_used_twice_is_kept_where_it_stood() -> None:
    run = Driver(flow().then(a).then(b).then(a).then(c))
    assert run.start(1).result == 113

    assert travelled(run, "b") == ["b", "a~2", "c"]
    assert run.result().result == 113


def test_a_finished_loop_is_kept_with_all_its_iterations() -> None:
    run = Driver(flow().dowhile(a, lambda ctx: ctx.iteration_count < 3).then(b))
    run.start(1)

    assert travelled(run, "b") == ["b"]
    assert run.result().result == 14


def test_a_loop_starts_anew_from_its_first_iteration() -> None:
    run = Driver(flow().then(a).dowhile(b, lambda ctx: ctx.iteration_count < 3).then(c))
    run.start(1)

    assert travelled(run, "b") == ["b#1", "b#2", "b#3", "c"]
    assert run.result().result == 132


def test_a_finished_nested_workflow_is_kept_as_a_whole() -> None:
    run = Driver(flow().then(flow("n").then(a).then(b)).then(c))
    run.start(1)

    assert travelled(run, "c") == ["c"]
    assert statuses(run.journal) == {
        "n": "success",
        "n/a": "success",
        "n/b": "success",
        "c": "success",
    }


def test_a_step_inside_a_nested_workflow_can_be_the_target() -> None:
    run = Driver(flow().then(flow("n").then(a).then(b)).then(c))
    run.start(1)

    assert travelled(run, "n", "b") == ["n/b", "c"]
    assert run.result().result == 112


def test_a_nested_workflow_can_be_the_target() -> None:
    run = Driver(flow().then(flow("n").then(a).then(b)).then(c))
    run.start(1)

    assert travelled(run, "n") == ["n/a", "n/b", "c"]


def test_what_a_second_try_recorded_is_kept_in_the_first_of_the_new_attempt() -> None:
    tries = []

    def fails_once(ctx: Call) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("no")
        return ctx.input_data

    nested = flow("n").then(a).then(step("x", fails_once)).then(b)
    run = Driver(flow(retry_config=RetryConfig(1)).then(nested))
    run.start(1)

    assert travelled(run, "n", "b") == ["n/b"]
    assert run.result().result == 12


def test_one_arm_of_a_parallel_runs_without_its_siblings() -> None:
    run = Driver(flow().parallel([a, b, c]).then(echo("d")))
    run.start(1)

    assert travelled(run, "b") == ["b", "d"]
    assert run.result().result == {"a": 2, "b": 11, "c": 101}


def test_one_arm_of_a_branch_runs_whatever_its_condition_says() -> None:
    arms = flow().branch([(lambda ctx: True, a), (lambda ctx: False, b)])
    run = Driver(arms.then(echo("d")))
    run.start(1)

    assert travelled(run, "b") == ["b", "d"]
    assert run.result().result == {"a": 2, "b": 11}


def test_a_branch_before_the_target_is_not_decided_again() -> None:
    asked: list[int] = []

    def condition(ctx: Call) -> bool:
        asked.append(ctx.input_data)
        return True

    run = Driver(flow().branch([(condition, a), (lambda ctx: False, b)]).then(echo("d")))
    run.start(1)

    assert travelled(run, "d") == ["d"]
    assert asked == [1]
    assert run.result().result == {"a": 2}


def test_records_kept_behind_a_branch_show_the_arms_that_were_not_taken_as_empty() -> None:
    arms = flow().branch([(lambda ctx: True, a), (lambda ctx: False, b)])
    run = Driver(arms.then(echo("d")).then(echo("e")))
    run.start(1)

    result = run.travel("e")

    assert result.result == {"a": 2}
    assert run.journal.entries["d"].input == {"a": 2, "b": {}}
    assert run.journal.entries["e"].input == {"a": 2}


def test_a_branch_with_no_arm_chosen_is_kept_as_such() -> None:
    run = Driver(flow().then(a).branch([(lambda ctx: False, b)]).then(echo("d")))
    run.start(1)

    assert travelled(run, "d") == ["d"]
    assert run.result().result == {}


def test_a_nested_target_gets_no_outputs_of_arms_that_were_not_chosen() -> None:
    nested = flow("n").then(echo("x")).then(echo("y"))
    run = Driver(flow().branch([(lambda ctx: False, a), (lambda ctx: True, b)]).then(nested))
    assert run.start(1).result == {"b": 11}

    assert travelled(run, "n", "x") == ["n/x", "n/y"]
    assert run.result().result == {"b": 11}


def test_a_finished_foreach_runs_again_as_a_whole() -> None:
    run = Driver(flow().foreach(a).then(echo("d")))
    run.start([1, 2])

    assert travelled(run, "a") == ["a[0]", "a[1]", "d"]


def test_finished_items_of_a_failed_foreach_are_not_repeated() -> None:
    trouble = [True]

    def body(ctx: Call) -> Any:
        if ctx.input_data == 2 and trouble:
            raise RuntimeError("no")
        return ctx.input_data * 10

    run = Driver(flow().foreach(step("f", body)))
    run.start([1, 2, 3])
    trouble.clear()

    assert travelled(run, "f") == ["f[1]", "f[2]"]
    assert run.result().result == [10, 20, 30]


def test_finished_items_are_nested_workflows_as_well() -> None:
    trouble = [True]

    def body(ctx: Call) -> Any:
        if ctx.input_data == 2 and trouble:
            raise RuntimeError("no")
        return ctx.input_data * 10

    run = Driver(flow().foreach(flow("n").then(step("x", body))))
    run.start([1, 2])
    trouble.clear()

    assert travelled(run, "n") == ["n[1]/x"]
    assert run.result().result == [10, 20]


def test_a_wait_before_the_target_is_over() -> None:
    run = Driver(flow().then(a).sleep(60).then(b))
    run.start(1)
    now = run.now

    assert travelled(run, "b") == ["b"]
    assert run.now == now


def test_a_wait_can_be_the_target() -> None:
    run = Driver(flow().then(a).sleep(60).then(b))
    run.start(1)
    now = run.now

    assert travelled(run, "sleep_w_0") == ["b"]
    assert run.now == now + 60_000


def test_a_mapping_can_be_the_target() -> None:
    run = Driver(flow().then(a).map(lambda ctx: {"was": ctx.input_data}).then(echo("d")))
    run.start(1)

    assert travelled(run, "mapping_w_0") == ["mapping_w_0", "d"]
    assert run.result().result == {"was": 2}


def test_a_nested_workflow_in_a_loop_is_kept_with_all_its_iterations() -> None:
    nested = flow("n").then(a)
    run = Driver(flow().dowhile(nested, lambda ctx: ctx.iteration_count < 2).then(b))
    run.start(1)

    assert travelled(run, "b") == ["b"]
    assert run.result().result == 13


def test_a_step_of_a_nested_workflow_in_a_loop_starts_the_loop_anew() -> None:
    nested = flow("n").then(a)
    run = Driver(flow().dowhile(nested, lambda ctx: ctx.iteration_count < 2).then(b))
    run.start(1)

    assert travelled(run, "n", "a") == ["n#1/a", "n#2/a", "b"]
    assert run.result().result == 13


def test_a_step_inside_a_foreach_runs_the_foreach_again() -> None:
    run = Driver(flow().foreach(flow("n").then(a).then(b)))
    run.start([1, 2])

    assert travelled(run, "n", "b") == ["n[0]/a", "n[0]/b", "n[1]/a", "n[1]/b"]


def test_a_suspended_step_before_the_target_is_gone_past() -> None:
    run = Driver(flow().then(a).then(asks("b")).then(echo("d")))
    run.start(1)

    assert travelled(run, "d") == ["d"]
    assert run.result().status == "success"


# --- a trip as such --------------------------------------------------------------------------


def test_a_suspended_sibling_stays_suspended() -> None:
    run = Driver(flow().parallel([asks("a"), b]))
    run.start(1)

    assert travelled(run, "b") == ["b"]
    assert run.result().suspended == [["a"]]
    assert run.resume("yes").result == {"a": [1, "yes"], "b": 11}


def test_events_of_the_new_attempt_name_it() -> None:
    run = Driver(chain)
    run.start(1)
    before = len(run.shelf.events)

    run.travel("c")

    told = [(event.type, event.path, event.attempt) for event in run.shelf.events[before:]]
    assert told == [
        ("workflow-start", "", 2),
        ("workflow-step-start", "c", 2),
        ("workflow-step-result", "c", 2),
        ("workflow-finish", "", 2),
    ]


def test_a_journey_from_a_journey_keeps_what_was_kept() -> None:
    run = Driver(chain)
    run.start(1)
    run.travel("b", input_data=50)

    assert travelled(run, "c") == ["c"]
    assert run.result().result == 160


def test_a_crash_of_the_new_attempt_goes_on_in_it() -> None:
    run = Driver(chain)
    run.start(1)
    run.depart("b")
    run.ran.clear()
    run.step()
    run.turn()

    run.crash()

    assert run.drive().result == 112
    assert run.ran == ["b", "c"]


def test_a_trip_does_not_touch_the_journal_it_starts_from() -> None:
    old = Journal("w", "r1")

    new = travel(old, flow().then(a), Trip(["a"], 1), {"s": 1})

    assert (old.entries, new.attempt, new.root.state, new.root.input) == ({}, 1, {"s": 1}, {})


def test_an_entry_holds_the_ids_of_its_members() -> None:
    node = flow().parallel([a, says("x", 1)]).flow[0]

    assert [holds(node, step_id) for step_id in ("a", "x", "b")] == [True, True, False]
