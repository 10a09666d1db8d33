"""How many runs there are is kept beside them, and always the truth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.engine.journal import Status
from runs.models import Run, Workflow
from runs.store import tally, tally_tables
from runs.store.tally import Wanted

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 3, 1, 10, 12, 13, 456789, tzinfo=UTC)
STATUSES = (Status.PENDING, Status.RUNNING, Status.SUCCESS, Status.FAILED)


@pytest.fixture(autouse=True)
def workflows() -> None:
    Workflow.objects.bulk_create([Workflow(id="w"), Workflow(id="other")])


def _fill(count: int, *, apart: timedelta, random: Random) -> None:
    Run.objects.bulk_create(
        Run(
            workflow_id=random.choice(["w", "w", "w", "other"]),
            run_id=f"r{number}",
            resource_id=random.choice([None, "", "x", "y"]),
            status=random.choice(STATUSES),
            created_at=FIRST + number * apart,
        )
        for number in range(count)
    )


def _change(random: Random) -> None:
    """Whatever may happen to rows, by whichever statement."""
    every = list(Run.objects.values_list("pk", flat=True))
    some = Run.objects.filter(pk__in=random.sample(every, len(every) // 4))
    match random.randrange(5):
        case 0:
            some.update(status=random.choice(STATUSES))
        case 1:
            some.update(resource_id=random.choice([None, "x", "z"]))
        case 2:
            some.update(created_at=FIRST + timedelta(minutes=random.randrange(600)))
        case 3:
            Run.objects.filter(pk__in=list(some.values_list("pk", flat=True)[:3])).delete()
        case _:
            tally.fold()
            tally.clear()


def _any_filter(random: Random) -> Wanted:
    def moment() -> datetime | None:
        at = FIRST + timedelta(minutes=random.uniform(-30, 700))
        whole = at.replace(minute=0, second=0, microsecond=0)
        return random.choice([None, at, whole, at + timedelta(seconds=90)])

    return Wanted(
        "w",
        status=random.choice([None, *STATUSES]),
        resource_ids=random.choice([None, None, ["x"], ["x", "z"], [], [""]]),
        since=moment(),
        before=moment(),
    )


def _truth(wanted: Wanted) -> Sequence[int]:
    return list(wanted.runs().values_list("pk", flat=True))


@pytest.mark.parametrize("seed", range(10))
def test_the_count_and_each_page_are_what_the_rows_say(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "NEAR", 0)
    random = Random(seed)
    _fill(120, apart=timedelta(minutes=random.choice([0, 1, 5, 61])), random=random)

    for _ in range(12):
        _change(random)
        wanted = _any_filter(random)
        pks = _truth(wanted)
        assert tally.count(wanted) == len(pks), wanted
        for at in (0, 1, len(pks) // 2, max(len(pks) - 3, 0), len(pks), len(pks) + 5):
            assert tally.keys(wanted, at, 7) == pks[at : at + 7], (wanted, at)


def test_a_total_is_told_without_counting_runs() -> None:
    _fill(40, apart=timedelta(minutes=7), random=Random(1))

    with CaptureQueriesContext(connection) as asked:
        tally.count(Wanted("w", status="failed", resource_ids=["x"]))

    assert len(asked) == 1
    assert "runs_run" not in asked[0]["sql"]


def test_a_run_refused_because_of_its_id_is_not_counted() -> None:
    Run.objects.create(workflow_id="w", run_id="r")

    Run.objects.bulk_create([Run(workflow_id="w", run_id="r")], ignore_conflicts=True)

    assert tally.count(Wanted("w")) == 1


def test_what_the_triggers_lost_is_counted_when_the_tables_are_installed_again() -> None:
    _fill(30, apart=timedelta(minutes=7), random=Random(1))
    tally_tables.remove(connection)
    Run.objects.filter(status="failed").update(status="success")

    tally_tables.install(connection)
    tally_tables.install(connection)

    Run.objects.filter(status="pending").update(status="running")
    for status in STATUSES:
        wanted = Wanted("w", status=status)
        assert tally.count(wanted) == len(_truth(wanted))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="others change a table in place")
def test_a_table_that_sqlite_made_anew_is_counted_after_the_migration() -> None:
    Run.objects.create(workflow_id="w", run_id="r")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER runs_tally_1_insert")
    Run.objects.create(workflow_id="w", run_id="uncounted")

    tally_tables.install_after_migrate(connection.alias)

    assert tally.count(Wanted("w")) == 2


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no truncation")
def test_runs_that_are_truncated_are_counted_no_more() -> None:
    Run.objects.create(workflow_id="w", run_id="folded")
    tally.fold()
    Run.objects.create(workflow_id="w", run_id="r")

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE runs_run CASCADE")

    Run.objects.create(workflow_id="w", run_id="the next")
    assert tally.count(Wanted("w")) == 1


def test_rows_of_nothing_are_cleared() -> None:
    Run.objects.create(workflow_id="w", run_id="r", status="pending")
    tally.fold()
    Run.objects.filter(run_id="r").update(status="running")
    tally.fold()

    tally.clear()

    with connection.cursor() as cursor:
        cursor.execute("SELECT status, runs FROM runs_tally")
        assert cursor.fetchall() == [("running", 1)]
