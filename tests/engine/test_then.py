"""One entry after the other."""

from __future__ import annotations

from runs.engine.journal import Journal
from runs.engine.outcomes import Done, Failed, Succeeded

from .bodies import adds, echo, flow, says
from .driver import Driver
from .journals import asked, done, failed, journal, running, statuses, turn
from .wire import success

chain = (adds("a", 1), adds("b", 10), adds("c", 100))


def test_the_first_step_gets_the_input_of_the_run() -> None:
    workflow = flow().then(chain[0]).then(chain[1])

    answer = turn(workflow, journal(input=1))

    assert asked(answer) == [("execute", "a", 1)]
    assert answer.outcome is None


def test_the_next_step_gets_the_output_of_the_one_before() -> None:
    workflow = flow().then(chain[0]).then(chain[1])
    known = journal(input=1, a=done(2))

    answer = turn(workflow, known)

    assert asked(answer) == [("execute", "b", 2)]
    assert statuses(known) == {"a": "success", "b": "running"}
    assert known.entries["b"].input_ref == "out:a"


def test_the_output_of_the_last_step_is_the_result() -> None:
    workflow = flow().then(chain[0]).then(chain[1])

    answer = turn(workflow, journal(input=1, a=done(2), b=done(12)))

    assert asked(answer) == []
    assert answer.outcome == Done(12, "out:b", 5)


def test_a_failed_step_ends_the_flow() -> None:
    workflow = flow().then(chain[0]).then(chain[1])
    known = journal(input=1, a=failed())

    answer = turn(workflow, known)

    assert asked(answer) == []
    assert answer.outcome == Failed(known.entries["a"])


def test_a_step_whose_worker_is_gone_begins_again() -> None:
    workflow = flow().then(chain[0])
    known = journal(input=1, a=running(input=1, input_ref="in:"))

    answer = turn(workflow, known)

    assert asked(answer) == [("execute", "a", 1)]
    assert known.entries["a"].starts == 2


def test_a_command_is_given_once_for_each_beginning() -> None:
    run = Driver(flow().then(chain[0]))
    run.begin(1)

    first, second = run.advance(), run.advance()

    assert asked(first) == [("execute", "a", 1)]
    assert asked(second) == []
    assert second.outcome is None


def test_a_step_used_twice_has_an_entry_of_each_use() -> None:
    run = Driver(flow().then(chain[0]).then(chain[1]).then(chain[0]))

    result = run.start(1)

    assert run.ran == ["a", "b", "a~2"]
    assert result.to_wire() == {
        "status": "success",
        "steps": {"input": 1, "a": success(None, 13), "b": success(2, 12)},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a", "b", "a"],
        "result": 13,
    }


def test_a_payload_that_repeats_the_output_before_it_is_left_out_of_the_result() -> None:
    result = Driver(flow().then(chain[0]).then(chain[1])).start(1)

    assert result.steps == {"input": 1, "a": success(None, 2), "b": success(None, 12)}


def test_a_step_that_returns_nothing_has_no_output() -> None:
    result = Driver(flow().then(says("quiet", None)).then(echo("b"))).start(1)

    assert result.to_wire() == {
        "status": "success",
        "steps": {"input": 1, "quiet": success(), "b": success()},
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["quiet", "b"],
    }


def test_the_events_of_a_chain_tell_starts_and_results() -> None:
    run = Driver(flow().then(chain[0]).then(chain[1]))

    run.start(1)

    assert run.told == [
        "start",
        "step-start a",
        "step-result a",
        "step-start b",
        "step-result b",
        "finish",
    ]


def test_the_end_of_a_step_and_the_start_of_the_next_are_stored_together() -> None:
    run = Driver(flow().then(chain[0]).then(chain[1]))
    run.begin(1)
    run.turn()
    run.perform("a")
    run.advance()

    entries, news = run.store()

    assert [entry.path for entry in entries] == ["a", "b"]
    assert [(event.type, event.path) for event in news] == [
        ("workflow-step-result", "a"),
        ("workflow-step-start", "b"),
    ]


def test_a_closing_interpreter_takes_up_what_ends_and_begins_nothing() -> None:
    run = Driver(flow().then(chain[0]).then(chain[1]))
    run.begin(1)
    run.turn()
    run.interpreter.closing = True
    run.answer("a", Succeeded(2))

    answer = run.advance()

    assert asked(answer) == []
    assert answer.outcome is None
    assert statuses(run.journal) == {"a": "success"}


def test_a_closing_interpreter_does_not_take_over_what_another_left() -> None:
    run = Driver(flow().branch([(lambda ctx: True, chain[0])]).then(chain[1]))
    run.begin(1)
    run.turn()
    run.crash()
    run.interpreter.closing = True

    answer = run.advance()

    assert (asked(answer), answer.outcome) == ([], None)
    assert run.journal.entries["a"].starts == 1


def test_a_closing_interpreter_asks_no_conditions() -> None:
    run = Driver(flow().branch([(lambda ctx: True, chain[0])]))
    run.begin(1)
    run.interpreter.closing = True

    answer = run.advance()

    assert (asked(answer), statuses(run.journal)) == ([], {})


def test_a_journal_of_stored_entries_is_in_the_order_in_which_they_began() -> None:
    known = journal(input=1, a=done(2), b=done(3))

    again = Journal.of(reversed(known.entries.values()), workflow_id="w", run_id="r1")

    assert list(again.entries) == ["", "a", "b"]
    assert again.order == known.order
    assert again.latest == {("", "a"): "a", ("", "b"): "b"}
