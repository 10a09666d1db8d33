"""The attempts of a run: starting it again and travelling in time add to its history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runs import Workflow, create_workflow
from runs.exceptions import RunNotFound
from runs.models import Attempt, Run
from runs.operations import attempt_outcome, outcome_now
from runs.testing import crash_before, told
from tests.store.gallery import PIECES, Piece, add, ask, step
from tests.store.tables import all_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def chain() -> Workflow:
    return create_workflow("w").then(add(1)).then(add(2)).then(add(3)).commit()


def travelled() -> Run:
    """A run of three attempts with different ends."""
    run = chain().create_run(run_id="r")
    run.start({"n": 1})
    run.time_travel("add-2", input_data={"n": 10})
    run.start({"n": 100})
    return run


# --- which there are -------------------------------------------------------------------------


def test_a_run_that_was_not_started_has_no_attempt() -> None:
    assert list(chain().create_run().attempts) == []


def test_a_start_makes_the_first_attempt_and_an_answer_none() -> None:
    run = create_workflow("w").then(ask()).commit().create_run()
    run.start(1)
    run.resume({"yes": True})

    assert [(one.number, one.status) for one in run.attempts] == [(1, "success")]


def test_a_restart_after_a_crash_goes_on_with_the_same_attempt() -> None:
    run = chain().create_run()
    with crash_before("add-2"):
        run.start({"n": 1})

    assert [(one.number, one.status) for one in run.attempts] == [(1, "running")]
    run.restart()
    assert [(one.number, one.status) for one in run.attempts] == [(1, "success")]


def test_a_start_of_a_finished_run_and_a_time_travel_make_new_ones() -> None:
    attempts = travelled().attempts

    assert [one.number for one in attempts] == [1, 2, 3]
    assert [one.output for one in attempts] == [None] * 3, "outputs are stored once, by the steps"
    assert [one.outcome().result["n"] for one in attempts] == [7, 15, 106]
    assert attempts.last() == attempts.get(attempt=3)
    assert str(attempts[1]) == "attempt 2: success"


def test_attempts_are_those_of_their_run_only() -> None:
    run = travelled()
    other = Run.objects.create(workflow=run.workflow, run_id="other")

    assert list(other.attempts) == []
    assert [one.run_id for one in Attempt.objects.all()] == [run.pk] * 3


# --- what each came to -----------------------------------------------------------------------


@pytest.mark.parametrize("make", PIECES, ids=lambda make: make.__name__)
def test_the_outcome_of_the_current_attempt_is_the_result_of_the_last_call(
    make: Callable[[], Piece],
) -> None:
    piece = make()
    run = piece.workflow.create_run()
    options = {"include_state": True, "include_resume_labels": True}
    result = run.start(piece.input, output_options=options)

    assert run.attempts.last().outcome(**options) == result


def test_an_older_outcome_stays_what_it_was() -> None:
    run = chain().create_run()
    first = run.start({"n": 1})
    second = run.time_travel("add-2", input_data={"n": 10})
    run.start({"n": 100})

    assert [one.outcome() for one in run.attempts][:2] == [first, second]


def test_an_attempt_that_was_suspended_or_failed_still_says_so() -> None:
    def moody(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend({"why": "unsure"})
        raise ValueError("no")

    run = create_workflow("w").then(step("moody", moody)).commit().create_run()
    asked = run.start()
    failed = run.time_travel("moody", resume_data={"sure": False})
    run.start()

    outcomes = [one.outcome() for one in run.attempts]

    assert (outcomes[0].suspended, outcomes[0].suspend_payload) == (
        asked.suspended,
        asked.suspend_payload,
    )
    assert (outcomes[1].status, outcomes[1].error) == ("failed", failed.error)
    assert outcomes[2].status == "suspended"


def test_an_attempt_that_does_not_exist_is_not_found_in_words() -> None:
    run = travelled()

    with pytest.raises(RunNotFound) as raised:
        attempt_outcome(run, 4)

    assert str(raised.value) == "Run w/r has no attempt 4"


def test_the_outcome_now_is_that_of_the_run_as_it_is_stored() -> None:
    run = travelled()
    seen = Run.objects.get(pk=run.pk)
    done = run.start({"n": 7})

    assert outcome_now(seen, 4).to_wire() == done.to_wire()
    assert (seen.attempt, run.attempt) == (3, 4)


def test_the_outcome_now_of_a_run_that_was_deleted_is_not_found() -> None:
    run = travelled()
    Run.objects.filter(pk=run.pk).delete()

    with pytest.raises(RunNotFound):
        outcome_now(run, 3)


def test_looking_at_attempts_changes_nothing() -> None:
    run = travelled()
    before = all_rows()

    for attempt in run.attempts:
        attempt.outcome()
        list(attempt.steps)
        list(attempt.events)

    assert all_rows() == before


# --- what is recorded of each ----------------------------------------------------------------


def test_the_steps_of_an_attempt_are_in_the_order_in_which_they_began() -> None:
    first, second, third = travelled().attempts

    assert [(s.path, s.kept_from) for s in first.steps] == [
        ("add-1", None),
        ("add-2", None),
        ("add-3", None),
    ]
    assert [(s.path, s.status) for s in second.steps] == [
        ("add-1", "success"),
        ("add-2", "success"),
        ("add-3", "success"),
    ]
    assert third.steps.count() == 3


def test_answers_of_conditions_are_no_steps() -> None:
    flow = create_workflow("w").dountil(add(1), lambda ctx: ctx.iteration_count == 2)
    flow.branch([(lambda ctx: True, add(2))]).sleep(lambda ctx: 0)
    run = flow.commit().create_run()
    run.start({"n": 1})

    paths = [s.path for s in run.attempts.get().steps]

    assert paths == ["add-1#1", "add-1#2", "add-2", "sleep_w_0"]


def test_the_events_of_all_attempts_are_all_events_in_order() -> None:
    run = travelled()

    by_attempt = [list(one.events.values_list("seq", flat=True)) for one in run.attempts]

    assert [number for numbers in by_attempt for number in numbers] == list(range(len(told(run))))
    for attempt in run.attempts:
        types = list(attempt.events.values_list("type", flat=True))
        assert (types[0], types[-1]) == ("workflow-start", "workflow-finish")
