"""A workflow as a step of another."""

from __future__ import annotations

from runs import RetryConfig
from runs.engine.outcomes import Done

from .bodies import adds, asks, bails, echo, flow, raises, sets, step
from .driver import Driver
from .journals import NOW, asked, done, journal, nested, running, statuses, suspended, turn
from .wire import failure, success, suspension

x, y = adds("x", 1), adds("y", 10)
inner = flow("n").then(x).then(y)
outer = flow().then(inner).then(echo("last"))


def test_the_inner_flow_begins_with_the_input_of_its_step() -> None:
    known = journal(input=1)

    answer = turn(outer, known)

    assert asked(answer) == [("execute", "n/x", 1)]
    assert statuses(known) == {"n": "running", "n/x": "running"}
    refs = {path: entry.input_ref for path, entry in known.entries.items() if path}
    assert refs == {"n": "in:", "n/x": "in:n"}


def test_the_output_of_its_last_entry_is_the_output_of_the_step() -> None:
    known = journal(input=1, n=nested(running(input=1)), n__x=done(2), n__y=done(12))

    answer = turn(outer, known)

    assert asked(answer) == [("execute", "last", 12)]
    assert known.entries["n"].output_ref == "out:n/y"


def test_a_nested_workflow_shows_as_one_step() -> None:
    result = Driver(outer).start(1)

    assert result.to_wire() == {
        "status": "success",
        "steps": {"input": 1, "n": success(None, 12), "last": success(None, 12)},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["n", "last"],
        "result": 12,
    }


def test_its_events_are_told_between_its_start_and_its_result() -> None:
    run = Driver(flow().then(inner))

    run.start(1)

    assert run.told == [
        "start",
        "step-start n",
        "step-start n/x",
        "step-result n/x",
        "step-start n/y",
        "step-result n/y",
        "step-result n",
        "finish",
    ]


def test_a_failed_inner_step_fails_the_nested_step() -> None:
    run = Driver(flow().then(flow("n").then(raises("x")).then(y)).then(echo("last")))

    result = run.start(1)

    assert run.ran == ["n/x"]
    assert result.status == "failed"
    assert result.steps == {"input": 1, "n": failure()}


def test_a_bail_inside_ends_only_the_nested_workflow() -> None:
    run = Driver(flow().then(flow("n").then(bails("x", "enough")).then(y)).then(echo("last")))

    result = run.start(1)

    assert run.ran == ["n/x", "last"]
    assert result.result == "enough"
    assert run.journal.entries["n"].output_ref == "out:n/x"


def test_a_failed_nested_workflow_is_run_again_as_a_whole() -> None:
    workflow = flow(retry_config=RetryConfig(1)).then(flow("n").then(x).then(raises("z")))
    run = Driver(workflow)

    result = run.start(1)

    assert run.ran == ["n/x", "n/z", "n!2/x", "n!2/z"]
    assert result.status == "failed"
    assert [told for told in run.told if told.endswith(" n")] == ["step-start n", "step-result n"]


def test_what_succeeds_in_the_second_try_gives_the_output() -> None:
    tries = []

    def body(ctx: object) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("not yet")
        return "now"

    run = Driver(flow(retry_config=RetryConfig(2)).then(flow("n").then(step("x", body))))

    result = run.start(1)

    assert (result.status, result.result) == ("success", "now")
    assert run.journal.entries["n"].output_ref == "out:n!2/x"


def test_a_crash_in_the_second_try_goes_on_in_the_second_try() -> None:
    workflow = flow(retry_config=RetryConfig(1)).then(flow("n").then(x).then(raises("z")))
    run = Driver(workflow)
    run.begin(1)
    while "n!2/x" not in run.ran:
        run.step()
    run.turn()

    run.crash()
    run.ran.clear()
    run.drive()

    assert run.ran == ["n!2/z"]


def test_the_second_try_waits_for_the_delay_of_the_workflow() -> None:
    config = RetryConfig(1, delay_seconds=5)
    run = Driver(flow(retry_config=config).then(flow("n").then(raises("x"))))
    run.begin(1)
    run.turn()
    run.perform("n/x")

    answer = run.turn()

    assert (asked(answer), answer.wake_at) == ([], NOW + 5000)


def test_the_inner_flow_starts_with_the_state_around_it_and_sets_it_at_its_end() -> None:
    workflow = (
        flow()
        .then(sets("a", seen="a"))
        .then(flow("n").then(sets("x", inner=True)).then(sets("y", seen="y")))
        .then(sets("b", end=1))
    )
    run = Driver(workflow)

    result = run.start(1, state={"first": 1})

    assert run.journal.entries["n/x"].output == {"first": 1, "seen": "a"}
    assert run.journal.entries["n/y"].output == {"first": 1, "seen": "a", "inner": True}
    assert run.journal.entries["b"].output == {"first": 1, "seen": "y", "inner": True}
    assert run.result(include_state=True).state == {
        "first": 1,
        "seen": "y",
        "inner": True,
        "end": 1,
    }
    assert result.status == "success"


def test_a_suspended_inner_step_suspends_the_nested_one() -> None:
    run = Driver(flow().then(flow("n").then(asks("x"))).then(echo("last")))

    result = run.start(1)

    meta = {"runId": "r1", "path": ["x"]}
    assert result.suspended == [["n", "x"]]
    assert result.suspend_payload == {"n": {"ask": 1}}
    assert result.steps["n"] == suspension(None, {"ask": 1, "__workflow_meta": meta})


def test_the_path_of_a_suspension_leads_through_all_levels() -> None:
    run = Driver(flow().then(flow("n").then(flow("m").then(asks("x")))))

    result = run.start(1)

    assert result.suspended == [["n", "m", "x"]]


def test_the_path_to_the_inner_step_resumes_it() -> None:
    run = Driver(flow().then(flow("n").then(asks("x")).then(echo("y"))).then(echo("last")))
    run.start(1)
    run.ran.clear()

    result = run.resume("yes", step=["n", "x"])

    assert run.ran == ["n/x", "n/y", "last"]
    assert result.result == [1, "yes"]


def test_the_nested_id_alone_finds_the_only_suspended_step() -> None:
    run = Driver(flow().then(flow("n").then(flow("m").then(asks("x")))))
    run.start(1)

    assert run.resume("yes", step=["n"]).result == [1, "yes"]


def test_of_several_suspended_inner_steps_the_last_is_shown() -> None:
    run = Driver(flow().then(flow("n").parallel([asks("x"), asks("z")])))

    result = run.start(1)

    assert result.suspended == [["n", "z"]]


def test_an_inner_step_may_have_the_id_of_an_outer_one() -> None:
    result = Driver(flow().then(x).then(flow("n").then(x)).then(x)).start(1)

    assert result.result == 4


def test_get_step_result_and_init_data_are_those_of_the_own_workflow() -> None:
    def body(ctx: object) -> object:
        return [ctx.get_init_data(), ctx.get_step_result("x"), ctx.get_step_result("a")]  # type: ignore[attr-defined]

    workflow = flow().then(adds("a", 1)).then(flow("n").then(x).then(step("look", body)))

    assert Driver(workflow).start(1).result == [2, 3, None]


def test_a_loop_over_a_nested_workflow_runs_it_whole_each_time() -> None:
    run = Driver(flow().dowhile(inner, lambda ctx: ctx.iteration_count < 2))

    result = run.start(1)

    assert run.ran == ["n#1/x", "n#1/y", "n#2/x", "n#2/y"]
    assert result.result == 23


def test_a_nested_workflow_whose_worker_is_gone_goes_on_inside() -> None:
    known = journal(input=1, n=nested(running(input=1)), n__x=done(2), n__y=running(input=2))

    answer = turn(outer, known)

    assert asked(answer) == [("execute", "n/y", 2)]
    assert {path: entry.starts for path, entry in known.entries.items() if path} == {
        "n": 2,
        "n/x": 1,
        "n/y": 2,
    }


def test_a_suspended_nested_workflow_is_not_looked_into() -> None:
    known = journal(input=1, n=nested(suspended({"ask": 1})), n__x=suspended({"ask": 1}))

    answer = turn(outer, known)

    assert asked(answer) == []
    assert not isinstance(answer.outcome, Done)


def test_its_end_is_noticed_for_its_callbacks() -> None:
    run = Driver(flow().then(inner))
    run.begin(1)
    for path in ("n/x", "n/y"):
        run.turn()
        run.perform(path)

    answer = run.advance()

    (notice,) = answer.notices
    assert (notice.scope.path, notice.found.value) == ("n", 12)  # type: ignore[union-attr]
