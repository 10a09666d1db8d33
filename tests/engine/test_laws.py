"""The laws of the engine, tried on random workflows.

1. Any order in which bodies end gives the same outcome.
2. A result that got lost changes no outcome.
3. What is done never executes again in its attempt.
4. Folding the events gives the journal.
5. After its terminal event nothing is appended to an attempt.
6. The status is a function of the journal.

And: a turn without a new answer changes nothing; what is stored is what is in memory.
"""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from runs.engine import events
from runs.engine.advance import Interpreter
from runs.engine.journal import FINAL, SETTLED, Journal, Status

from .driver import Driver
from .laws import INPUT, Dice, essence, go_on, in_full, law, live, outcome
from .plans import Plan, build, is_settled_by_order, plans
from .shelf import shown

seeds = st.integers(0, 2**16)
attempts = st.integers(0, 1)


# --- 1 and 2: outcomes -----------------------------------------------------------------------


@law
@given(plans(), attempts, seeds)
def test_any_order_in_which_bodies_end_gives_the_same_outcome(
    plan: Plan, attempts: int, seed: int
) -> None:
    in_order = live(Driver(build(plan, attempts)), Dice())

    shuffled = live(Driver(build(plan, attempts)), Dice(seed))

    assert essence(shuffled) == essence(in_order)


@law
@given(plans(), attempts, seeds)
def test_any_order_in_which_bodies_end_gives_the_same_result_in_full(
    plan: Plan, attempts: int, seed: int
) -> None:
    assume(not is_settled_by_order(plan))
    in_order = live(Driver(build(plan, attempts)), Dice())

    shuffled = live(Driver(build(plan, attempts)), Dice(seed))

    assert in_full(shuffled) == in_full(in_order)


@law
@given(plans(), attempts, seeds)
def test_lost_results_change_no_outcome(plan: Plan, attempts: int, seed: int) -> None:
    undisturbed = live(Driver(build(plan, attempts)), Dice())

    disturbed = live(Driver(build(plan, attempts)), Dice(seed, deadly=0.15))

    assert essence(disturbed) == essence(undisturbed)


@law
@given(plans(), attempts, seeds)
def test_lost_results_change_no_record(plan: Plan, attempts: int, seed: int) -> None:
    assume(not is_settled_by_order(plan))
    undisturbed = live(Driver(build(plan, attempts)), Dice())

    disturbed = live(Driver(build(plan, attempts)), Dice(seed, deadly=0.15))

    assert outcome(disturbed) == outcome(undisturbed)


@law
@given(plans(), attempts, seeds)
def test_a_run_given_up_in_order_tells_the_same_as_one_that_was_not(
    plan: Plan, attempts: int, seed: int
) -> None:
    assume(not is_settled_by_order(plan))
    undisturbed = live(Driver(build(plan, attempts)), Dice())

    handed_over = live(Driver(build(plan, attempts)), Dice(seed, busy=0.3))

    assert in_full(handed_over) == in_full(undisturbed)
    assert sorted(handed_over.told) == sorted(undisturbed.told)


# --- 3: what is done -------------------------------------------------------------------------


@law
@given(plans(), attempts, seeds)
def test_what_is_done_never_executes_again(plan: Plan, attempts: int, seed: int) -> None:
    done: set[str] = set()

    def watch(run: Driver) -> None:
        assert not done & run.open.keys()
        done.update(settled(run.journal))

    live(Driver(build(plan, attempts)), Dice(seed, deadly=0.15), watch)


@law
@given(plans(), attempts, seeds)
def test_a_settled_entry_never_changes(plan: Plan, attempts: int, seed: int) -> None:
    before: dict[str, Any] = {}

    def watch(run: Driver) -> None:
        now = settled(run.journal)
        assert {path: now[path] for path in before} == before
        before.update(now)

    live(Driver(build(plan, attempts)), Dice(seed, deadly=0.15), watch)


def settled(journal: Journal) -> dict[str, Any]:
    entries = journal.entries.values()
    return shown(e for e in entries if e.status in SETTLED and e.path)


# --- 4: events -------------------------------------------------------------------------------


@law
@given(plans(), attempts, seeds)
def test_folding_the_events_gives_the_journal(plan: Plan, attempts: int, seed: int) -> None:
    run = live(Driver(build(plan, attempts)), Dice(seed, deadly=0.1))

    told = fold(run)

    assert told == {path: recorded(run.journal, path) for path in told}
    assert told.keys() == {path for path in run.journal.entries if is_told(path)}


def fold(run: Driver) -> dict[str, Any]:
    """Status and output of each entry as the events tell them."""
    told: dict[str, Any] = {}
    entries = run.journal.entries
    for event in run.shelf.events:
        wire = events.wire(event, "r1", entries.get(event.path), run.journal.root)
        if event.type in events.ABOUT_STEP:
            payload = wire["payload"]
            told[event.path] = payload["status"], payload.get("output")
        elif event.type == events.FINISH:
            payload = wire["payload"]
            told[""] = payload["workflowStatus"], payload.get("finalWorkflowResult")
    return told


def recorded(journal: Journal, path: str) -> Any:
    entry = journal.entries[path]
    return entry.status.value, entry.output


def is_told(path: str) -> bool:
    """All but answers of conditions, and what lies inside a foreach."""
    return "[" not in path and not path.endswith("?")


# --- 5 and 6: the end ------------------------------------------------------------------------


@law
@given(plans(), attempts, seeds)
def test_nothing_follows_the_terminal_event(plan: Plan, attempts: int, seed: int) -> None:
    run = live(Driver(build(plan, attempts)), Dice(seed, deadly=0.1))
    told = run.told

    same, stranger = run.interpreter.advance(run.now), Interpreter(run.workflow, run.shelf.load())
    other = stranger.advance(run.now)

    assert told[-1] == "finish"
    assert run.journal.status in FINAL
    assert run.open == {}
    assert (same.commands, other.commands) == ([], [])
    assert run.journal.take_changes() == stranger.journal.take_changes() == ([], [])


@law
@given(plans(), attempts, seeds)
def test_the_status_is_a_function_of_the_journal(plan: Plan, attempts: int, seed: int) -> None:
    def watch(run: Driver) -> None:
        if not run.settled:
            return
        other = Driver(run.workflow)
        other.shelf, other.now = run.shelf, run.now
        other.crash()
        other.journal.status = Status.PENDING
        other.advance()

        assert other.settled
        assert essence(other) == essence(run)
        assert other.result().suspended == run.result().suspended

    live(Driver(build(plan, attempts)), Dice(seed), watch)


@law
@given(plans(), attempts, seeds, st.integers(1, 12))
def test_a_canceled_run_begins_nothing_further(
    plan: Plan, attempts: int, seed: int, moment: int
) -> None:
    begun: list[set[str]] = []

    def watch(run: Driver) -> None:
        begun.append(set(run.journal.entries))
        if len(begun) == moment and not run.settled:
            run.cancel()

    run = Driver(build(plan, attempts))
    run.begin(INPUT)
    go_on(run, Dice(seed, deadly=0.1), watch)

    if run.journal.canceled:
        later = run.journal.entries.keys() - begun[moment - 1]
        assert not [path for path in later if not path.endswith("?")]
        assert run.journal.status is Status.CANCELED
        assert run.told[-2:] == ["canceled", "finish"]


# --- turns and storage -----------------------------------------------------------------------


@law
@given(plans(), attempts, seeds)
def test_a_turn_without_a_new_answer_changes_nothing(plan: Plan, attempts: int, seed: int) -> None:
    def watch(run: Driver) -> None:
        due = run.last.wake_at
        again = run.interpreter.advance(run.now)

        assert (again.commands, again.notices, again.wake_at) == ([], [], due)
        assert run.journal.take_changes() == ([], [])

    live(Driver(build(plan, attempts)), Dice(seed), watch)


@law
@given(plans(), attempts, seeds)
def test_what_is_stored_is_what_is_in_memory(plan: Plan, attempts: int, seed: int) -> None:
    def watch(run: Driver) -> None:
        assert shown(run.shelf.load().entries.values()) == shown(run.journal.entries.values())

    live(Driver(build(plan, attempts)), Dice(seed), watch)
