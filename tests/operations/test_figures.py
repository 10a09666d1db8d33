"""The numbers of the list of workflows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from runs.models import Run, Workflow
from runs.operations.figures import figures, percentile

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def run_of(workflow_id: str, status: str, *, hours_ago: float, took: float | None = None) -> Run:
    Workflow.objects.get_or_create(id=workflow_id)
    made = NOW - timedelta(hours=hours_ago)
    ended = None if took is None else made + timedelta(seconds=took)
    return Run.objects.create(
        workflow_id=workflow_id,
        run_id=f"{workflow_id}-{Run.objects.count()}",
        status=status,
        created_at=made,
        started_at=made,
        ended_at=ended,
    )


def test_runs_are_counted_by_the_hour_and_by_how_they_ended() -> None:
    run_of("pay", "success", hours_ago=0.5, took=1)
    run_of("pay", "failed", hours_ago=0.6, took=1)
    run_of("pay", "success", hours_ago=23.5, took=3)
    run_of("pay", "failed", hours_ago=25, took=1)

    found = figures(Run.objects.all(), NOW)["pay"]

    assert found.hours == [1, *[0] * 22, 2]
    assert found.failures == [*[0] * 23, 1]
    assert (found.total, found.failed, found.succeeded) == (3, 1, 2)
    assert found.success_rate == pytest.approx(2 / 3)
    assert (found.p50, found.p95) == (1.0, 3.0)


def test_what_is_open_counts_however_old_it_is() -> None:
    run_of("ship", "suspended", hours_ago=900)
    run_of("ship", "running", hours_ago=1)
    run_of("ship", "waiting", hours_ago=50)

    found = figures(Run.objects.all(), NOW)["ship"]

    assert (found.suspended, found.active) == (1, 2)


def test_the_last_run_is_the_newest_of_those_that_may_be_seen() -> None:
    seen = run_of("pay", "success", hours_ago=3, took=1)
    Run.objects.filter(pk=seen.pk).update(resource_id="mine")
    run_of("pay", "failed", hours_ago=1, took=1)

    assert figures(Run.objects.filter(resource_id="mine"), NOW)["pay"].last == seen


def test_many_workflows_take_no_more_queries_than_one(django_assert_num_queries: Any) -> None:
    for number in range(30):
        run_of(f"w{number}", "success", hours_ago=1, took=number)

    with django_assert_num_queries(5) as queries:
        found = figures(Run.objects.all(), NOW)

    assert isinstance(queries, CaptureQueriesContext)
    assert len(found) == 30


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([1.0], 95) == 1.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 95) == 95.0
