"""What is stored of a run is what its driver had in memory, and what its listeners were told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runs import create_workflow, operations
from runs.models import Run, RunEvent
from runs.operations import begin
from runs.store import history, journals, ledger
from runs.store.ledger import Write
from runs.worker import execution, feed
from tests.store.entries import event, run_row
from tests.store.gallery import PIECES, Piece, add, chain, step
from tests.store.gallery import travelled as travelled_piece

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]
each_piece = pytest.mark.parametrize("make", PIECES, ids=[make.__name__ for make in PIECES])


def play(piece: Piece) -> Run:
    run = piece.workflow.create_run()
    run.start(piece.input)
    for call in piece.calls:
        call(run)
    return run


def played_with_listener(piece: Piece) -> tuple[Run, list[tuple[int, dict[str, Any]]]]:
    told: list[tuple[int, dict[str, Any]]] = []
    run = piece.workflow.create_run()
    stop = feed.subscribe(run.pk, lambda seq, shown: told.append((seq, shown)))
    run.start(piece.input)
    for call in piece.calls:
        call(run)
    stop()
    return run, told


@each_piece
def test_events_are_numbered_without_gaps_over_all_executions(make: Callable[[], Piece]) -> None:
    run = play(make())

    numbers = list(RunEvent.objects.filter(run=run).order_by("pk").values_list("seq", flat=True))

    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 4


@each_piece
def test_a_replay_shows_what_the_live_stream_showed(make: Callable[[], Piece]) -> None:
    run, told = played_with_listener(make())

    replayed = list(run.observe())

    assert [seq for seq, _ in told] == list(range(len(told)))
    assert replayed == [shown for _, shown in told]


@each_piece
def test_the_outcome_read_back_is_the_one_that_was_returned(make: Callable[[], Piece]) -> None:
    piece = make()
    run = piece.workflow.create_run()

    results = [run.start(piece.input), *(call(run) for call in piece.calls)]

    run.refresh_from_db()
    assert execution.result_of_stored(run).to_wire() == results[-1].to_wire()


@each_piece
def test_the_journal_read_back_is_the_one_that_was_driven(make: Callable[[], Piece]) -> None:
    piece = make()
    run = piece.workflow.create_run()
    given = begin.check_start(piece.workflow, piece.input, None, None)
    begun = begin.start(run, given)
    assert begun.session is not None

    execution.run_here(begun.session)

    run.refresh_from_db()
    driven, stored = begun.session.journal, journals.load(run)
    assert stored.entries == driven.entries
    assert (stored.latest, stored.order) == (driven.latest, driven.order)
    assert (stored.status, stored.execution) == (driven.status, driven.execution)
    assert stored.request_context == driven.request_context


@each_piece
def test_some_entries_read_alone_are_those_of_the_whole_journal(
    make: Callable[[], Piece],
) -> None:
    run = play(make())
    run.refresh_from_db()
    journal = journals.load(run)

    for path, known in journal.entries.items():
        assert journals.load_entries(run.pk, run.attempt, [path])[path] == known


def test_older_attempts_stay_readable_as_they_were() -> None:
    piece = travelled_piece()
    run = piece.workflow.create_run()
    run.start(piece.input)
    run.refresh_from_db()
    before = [journals.load(run, 1).entries]

    for call in piece.calls:
        call(run)
        run.refresh_from_db()
        before.append(journals.load(run).entries)

    assert [journals.load(run, attempt).entries for attempt in (1, 2, 3, 4)] == before


# --- reading from a number on ----------------------------------------------------------------


def test_events_are_read_from_a_number_on() -> None:
    run = play(chain())
    everything = [told.event for told in history.read(run.pk, run.run_id, 0)]

    for offset in range(len(everything) + 2):
        found = [told.event for told in history.read(run.pk, run.run_id, offset)]
        assert found == everything[offset:]


def test_a_long_history_is_read_in_pieces_and_completely() -> None:
    run = run_row()
    count = 2 * history.BATCH + 7
    own = {"output": 1, "step": "s"}
    ledger.append_one(Write(run.pk, 1, 0, (), [event(n, "p", **own) for n in range(count)]))

    assert len(history.read(run.pk, run.run_id, 0)) == history.BATCH
    assert len(list(operations.observe(run))) == count


def test_events_of_another_run_are_not_seen() -> None:
    piece = chain()
    one, other = piece.workflow.create_run(), piece.workflow.create_run()
    one.start({"n": 1})

    assert history.read(other.pk, other.run_id, 0) == []


def test_an_event_shows_the_attempt_it_belongs_to() -> None:
    """The same path in a later attempt has another output; what was told stays as it was told."""
    run = travelled_piece().workflow.create_run()
    run.start({"n": 1})
    first = list(run.observe())

    run.time_travel("add-1", input_data={"n": 100})

    again = list(run.observe())
    assert again[: len(first)] == first
    results = [
        one["payload"]["output"]
        for one in again
        if one["type"] == "workflow-step-result" and one["payload"]["id"] == "add-1"
    ]
    assert results == [{"n": 2}, {"n": 101}]


def test_a_body_that_changes_its_input_changes_nothing_of_what_is_recorded() -> None:
    def spoil(ctx: Any) -> Any:
        ctx.input_data["n"] = "spoiled"
        return {}

    flow = create_workflow("spoiled").then(add(1)).then(step("spoil", spoil)).commit()
    run = flow.create_run()

    result = run.start({"n": 1})

    run.refresh_from_db()
    assert result.steps["add-1"]["output"] == {"n": 2}
    assert execution.result_of_stored(run).to_wire() == result.to_wire()
