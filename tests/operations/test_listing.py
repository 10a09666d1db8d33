"""Lists of runs: pages by key, filters, counts that end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runs.exceptions import RequestError
from runs.models import Run, Workflow
from runs.operations import listing
from runs.operations.listing import RunFilter, counts_by_status, page_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def ten() -> list[Run]:
    """Ten runs, newest first; pairs of them were made at the same moment."""
    Workflow.objects.create(id="w")
    made = [
        Run(
            workflow_id="w",
            run_id=f"r{number}",
            status="failed" if number % 5 == 0 else "success",
            resource_id="odd" if number % 2 else "even",
            created_at=NOW + timedelta(seconds=number // 2),
        )
        for number in range(10)
    ]
    return list(reversed(Run.objects.bulk_create(made)))


def ids(runs: Any) -> list[str]:
    return [run.run_id for run in runs]


def test_pages_follow_each_other_without_gaps_or_doubles(ten: list[Run]) -> None:
    first = page_of(Run.objects.all(), size=4)
    second = page_of(Run.objects.all(), cursor=first.older or "", size=4)
    third = page_of(Run.objects.all(), cursor=second.older or "", size=4)

    assert ids([*first.runs, *second.runs, *third.runs]) == ids(ten)
    assert (first.newer, third.older) == (None, None)


def test_the_way_back_shows_the_same_pages(ten: list[Run]) -> None:
    first = page_of(Run.objects.all(), size=4)
    second = page_of(Run.objects.all(), cursor=first.older or "", size=4)

    back = page_of(Run.objects.all(), cursor=second.newer or "", size=4)

    assert ids(back.runs) == ids(first.runs)


def test_runs_that_begin_meanwhile_shift_nothing(ten: list[Run]) -> None:
    first = page_of(Run.objects.all(), size=4)
    Run.objects.create(workflow_id="w", run_id="late", created_at=NOW + timedelta(hours=1))

    second = page_of(Run.objects.all(), cursor=first.older or "", size=4)

    assert ids(second.runs) == ["r5", "r4", "r3", "r2"]


@pytest.mark.parametrize("cursor", ["x", "older.x.1", "newer.20261120T120000.0.x", "sideways.1.2"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(RequestError):
        page_of(Run.objects.all(), cursor=cursor)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (RunFilter(), ["r9", "r8", "r7", "r6", "r5", "r4", "r3", "r2", "r1", "r0"]),
        (RunFilter(statuses=("failed",)), ["r5", "r0"]),
        (RunFilter(resource_id="odd", statuses=("success",)), ["r9", "r7", "r3", "r1"]),
        (RunFilter(workflow_ids=("other",)), []),
        (RunFilter(text="r7"), ["r7"]),
        (RunFilter(text="ev"), ["r8", "r6", "r4", "r2", "r0"]),
        (RunFilter(since=NOW + timedelta(seconds=4)), ["r9", "r8"]),
        (RunFilter(until=NOW + timedelta(seconds=1)), ["r1", "r0"]),
    ],
)
def test_filters_limit_a_list(ten: list[Run], chosen: RunFilter, found: list[str]) -> None:
    assert ids(page_of(chosen.among(Run.objects.all())).runs) == found


def test_statuses_are_counted_in_one_query_up_to_a_limit(
    ten: list[Run], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(listing, "COUNT_LIMIT", 3)

    with django_assert_num_queries(1):
        found = counts_by_status(RunFilter(resource_id="even").among(Run.objects.all()))

    assert found == dict.fromkeys(found, 0) | {"success": 4, "failed": 1}


def test_who_may_see_nothing_counts_nothing(ten: list[Run]) -> None:
    found = counts_by_status(Run.objects.filter(resource_id__in=[]))

    assert set(found.values()) == {0}
