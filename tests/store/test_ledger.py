from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from runs.exceptions import LeaseLost
from runs.models import Run, RunEvent
from runs.store import journals, ledger
from runs.store.ledger import Write, Written
from tests.store.entries import entry, event, run_row, write
from tests.store.tables import all_rows
from tests.store.waiting import Background, Gate

pytestmark = pytest.mark.django_db


# --- fencing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fence", [0, 2, 4, 99])
def test_a_write_with_another_number_changes_nothing(fence: int) -> None:
    run = run_row(fence=3)
    ledger.append_one(write(run, entry("p", "before")))
    before = all_rows()

    late = Write(run.pk, 1, fence, [entry("p", "after")], [event(0)], {"status": "failed"})

    assert ledger.append([late]) == [Written(accepted=False, canceled=False)]
    assert all_rows() == before


def test_a_write_of_one_run_that_was_taken_over_is_an_error() -> None:
    run = run_row(fence=3)

    with pytest.raises(LeaseLost) as raised:
        ledger.append_one(write(run, entry("p"), fence=2))

    assert raised.value.details == {"run_pk": run.pk}


def test_a_write_of_a_run_that_was_deleted_is_refused() -> None:
    run = run_row()
    lost = write(run, entry("p"))
    Run.objects.all().delete()

    assert ledger.append([lost]) == [Written(accepted=False, canceled=False)]
    assert all_rows() == {"Run": [], "StepSnapshot": [], "RunEvent": []}


def test_a_refused_write_leaves_the_others_of_its_transaction_alone() -> None:
    stale, fresh, gone = run_row("stale", fence=5), run_row("fresh"), run_row("gone")
    writes = [
        write(stale, entry("p", "late"), fence=4),
        write(fresh, entry("p", "in time")),
        write(gone, entry("p", "nowhere")),
    ]
    gone.delete()

    answers = ledger.append(writes)

    assert [answer.accepted for answer in answers] == [False, True, False]
    assert journals.load(fresh).entries["p"].output == "in time"
    assert journals.load(stale).entries == {}


def test_the_author_learns_that_the_run_was_canceled() -> None:
    run = run_row(canceled_at=datetime(2026, 1, 1, tzinfo=UTC))

    assert ledger.append_one(write(run, entry("p"))) == Written(accepted=True, canceled=True)


def test_a_write_of_nothing_still_tells_whether_the_run_is_ours() -> None:
    run = run_row(fence=1)

    answers = ledger.append([write(run, fence=1), write(run, fence=0)])

    assert [answer.accepted for answer in answers] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_a_writer_waits_for_whoever_is_taking_the_run_over() -> None:
    """And finds its number old, instead of writing between the other's look and its commit."""
    run, gate = run_row(), Gate()

    def take_over() -> None:
        with transaction.atomic():
            Run.objects.select_for_update().filter(pk=run.pk).update(fence=1)
            gate.stop()

    other = Background(take_over)
    gate.wait_reached()
    late = Background(lambda: ledger.append([write(run, entry("p"), fence=0)]))
    gate.open()

    assert late.outcome() == [Written(accepted=False, canceled=False)]
    assert other.outcome() is None


# --- many writes, one transaction ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_writes_are_one_transaction_of_few_statements() -> None:
    runs = [run_row(f"r{n}") for n in range(50)]
    writes = [Write(run.pk, 1, 0, [entry("p", n)], [event(0)]) for n, run in enumerate(runs)]

    with CaptureQueriesContext(connection) as captured:
        answers = ledger.append(writes)

    statements = [query["sql"].split()[0] for query in captured.captured_queries]
    assert all(answer.accepted for answer in answers)
    assert statements.count("COMMIT") <= 1
    assert len([one for one in statements if one not in ("BEGIN", "COMMIT")]) <= 3
    assert [journals.load(run).entries["p"].output for run in runs] == list(range(50))


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL prepares them")
@pytest.mark.parametrize(("setting", "plans"), [(True, 1), (False, 0)])
def test_a_write_is_planned_once_a_connection(settings: Any, setting: bool, plans: int) -> None:
    settings.RUNS_PREPARED_STATEMENTS = setting
    connection.close()
    run = run_row()
    for number in range(20):
        ledger.append_one(write(run, entry("p", number)))

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements "
            "WHERE statement LIKE '%held%' AND generic_plans > custom_plans"
        )
        assert cursor.fetchone() == (plans,)


def test_all_of_a_write_is_stored_or_nothing() -> None:
    run = run_row()
    ledger.append_one(Write(run.pk, 1, 0, (), [event(0)]))
    before = all_rows()

    same_number = Write(run.pk, 1, 0, [entry("p")], [event(0)], {"status": "running"})
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.append_one(same_number)

    assert all_rows() == before


def test_one_number_cannot_be_given_to_two_events() -> None:
    run = run_row()

    with pytest.raises(DatabaseError), transaction.atomic():
        ledger.append_one(Write(run.pk, 1, 0, (), [event(0), event(0)]))

    assert RunEvent.objects.count() == 0


# --- the run's own row -----------------------------------------------------------------------


def test_columns_of_the_run_are_stored_as_the_model_reads_them() -> None:
    run = run_row()
    moment = datetime(2026, 5, 4, 3, 2, 1, 123_000, tzinfo=UTC)
    columns = {
        "status": "running",
        "attempt": 2,
        "fence": 7,
        "request_context": {"locale": "de"},
        "execution": {"kind": "resume", "number": 2},
        "due_at": 1_700_000_000_123,
        "lease_owner": "me",
        "error_message": 'it\'s "quoted" %s',
        "started_at": moment,
        "ended_at": None,
    }

    ledger.append_one(Write(run.pk, 1, 0, run=columns))

    run.refresh_from_db()
    stored = {name: getattr(run, name) for name in columns}
    assert stored == columns | {"due_at": datetime.fromtimestamp(1_700_000_000.123, UTC)}


# --- numbers of events -----------------------------------------------------------------------


def test_the_first_event_of_a_run_has_number_0_and_each_run_counts_for_itself() -> None:
    one, other = run_row("one"), run_row("other")
    ledger.append_one(Write(one.pk, 1, 0, (), [event(0), event(1), event(2)]))

    assert (ledger.next_seq(one.pk), ledger.next_seq(other.pk)) == (3, 0)
