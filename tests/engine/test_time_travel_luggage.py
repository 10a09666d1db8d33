"""What the caller of a time travel brings along: input, records, answers, state."""

from __future__ import annotations

from runs.engine import edits
from runs.engine.travel import Trip

from .bodies import adds, asks, echo, flow, sets, step
from .driver import Driver
from .test_time_travel import travelled

a, b, c = adds("a", 1), adds("b", 10), adds("c", 100)
chain = flow().then(a).then(b).then(c)


def test_arms_brought_along_stand_in_for_those_of_a_block() -> None:
    run = Driver(flow().parallel([a, b]).then(echo("d")))

    context = {name: {"status": "success", "output": name} for name in ("a", "b")}

    assert run.travel("d", context=context).result == {"a": "a", "b": "b"}


def test_a_sibling_brought_along_does_not_run() -> None:
    run = Driver(flow().parallel([a, b]))
    run.start(1)

    context = {"a": {"status": "success", "output": 99}}

    assert travelled(run, "b", context=context) == ["b"]
    assert run.result().result == {"a": 99, "b": 11}


def test_iterations_brought_along_count_as_a_finished_loop() -> None:
    for loop in ("dowhile", "dountil"):
        run = Driver(getattr(flow(), loop)(a, lambda ctx: True).then(b))

        result = run.travel("b", context={"a": {"status": "success", "output": 5}})

        assert (run.ran, result.result) == (["b"], 15)


def test_a_branch_brought_along_counts_as_decided() -> None:
    run = Driver(flow().branch([(lambda ctx: False, a), (lambda ctx: True, b)]).then(echo("d")))

    result = run.travel("d", context={"a": {"status": "success", "output": 5}})

    assert (run.ran, result.result) == (["d"], {"a": 5})


def test_input_data_becomes_the_output_before_the_target() -> None:
    run = Driver(chain)
    run.start(1)

    result = run.travel("b", input_data=50)

    assert result.result == 160
    assert run.journal.entries["a"].output == 50


def test_input_data_for_the_first_step_becomes_the_input_of_the_run() -> None:
    run = Driver(chain)
    run.start(1)

    result = run.travel("a", input_data=50)

    assert (result.input, result.result) == (50, 161)


def test_input_data_for_a_nested_target_goes_inside() -> None:
    run = Driver(flow().then(a).then(flow("n").then(b).then(c)))
    run.start(1)

    result = run.travel("n", "c", input_data=50)

    assert result.result == 150
    assert run.journal.entries["a"].output == 2


def test_context_stands_in_for_recorded_outputs() -> None:
    run = Driver(chain)
    run.start(1)

    result = run.travel("c", context={"b": {"status": "success", "output": 7}})

    assert result.result == 107


def test_context_makes_a_run_that_never_was() -> None:
    run = Driver(chain)

    result = run.travel(
        "c",
        context={
            "a": {"status": "success", "payload": 3, "output": 4},
            "b": {"status": "success", "output": 5},
        },
    )

    assert (result.input, result.result) == (3, 105)
    assert run.journal.attempt == 1


def test_nested_context_stands_in_for_recorded_outputs_inside() -> None:
    run = Driver(flow().then(flow("n").then(b).then(c)))
    run.start(1)

    nested = {"n": {"b": {"status": "success", "output": 7}}}
    result = run.travel("n", "c", nested=nested)

    assert result.result == 107


def test_resume_data_answers_a_suspended_target() -> None:
    run = Driver(flow().then(a).then(asks("b")).then(echo("d")))
    run.start(1)

    assert travelled(run, "b", resume_data="yes") == ["b", "d"]
    assert run.result().result == [2, "yes"]


def test_without_resume_data_a_suspended_target_asks_again() -> None:
    run = Driver(flow().then(a).then(asks("b")))
    run.start(1)

    result = run.travel("b")

    assert result.suspended == [["b"]]
    assert run.resume("yes").result == [2, "yes"]


def test_the_state_is_the_stored_one_or_the_one_given() -> None:
    run = Driver(flow().then(sets("a", seen="a")).then(sets("b", end=1)))
    run.start(1, state={"first": 1})

    run.travel("b")
    assert run.journal.entries["b"].output == {"first": 1, "seen": "a", "end": 1}

    run.travel("b", state={"mine": True})
    assert run.journal.entries["b"].output == {"mine": True}


def test_the_request_context_is_the_stored_one_under_the_one_given() -> None:
    run = Driver(flow().then(step("a", lambda ctx: dict(ctx.request_context))))
    run.journal.request_context = {"u": 1, "w": 2}
    run.start(1)

    run.journal = edits.time_travel(
        run.journal, run.workflow, Trip(["a"], run.now), request_context={"u": 5}
    )
    run._edited()

    assert run.drive().result == {"u": 5, "w": 2}
