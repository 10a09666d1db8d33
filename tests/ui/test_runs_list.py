"""The list of runs: filters in the address, pages, canceling many."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runs.models import AuditEntry, ResourceRestriction, Run, Workflow
from runs.ui.filters import Filters

from .conftest import Go

pytestmark = pytest.mark.django_db
LIST = "/runs/"


def run_of(run_id: str, status: str = "success", **members: Any) -> Run:
    Workflow.objects.get_or_create(id=members.pop("workflow", "pay"))
    return Run.objects.create(
        workflow_id=Workflow.objects.latest("created_at").pk,
        run_id=run_id,
        status=status,
        **members,
    )


def shown(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('data-run="')[1:]]


def test_the_list_shows_the_newest_run_first(operator: User, body: Go) -> None:
    run_of("old", created_at=timezone.now() - timedelta(hours=2))
    run_of("new")

    assert shown(body(LIST)) == ["pay/new", "pay/old"]


def test_what_had_been_canceled_before_is_not_counted(client: Client, operator: User) -> None:
    gone, going = run_of("gone", "canceled"), run_of("going", "suspended")
    posted = {"pick": [gone.pk, going.pk], "confirm": "1"}

    page = client.post(reverse("runs:cancel-runs"), posted).content.decode()

    assert "Canceled 1 of 2" in page


def test_filters_are_in_the_address_and_each_can_be_removed(operator: User, body: Go) -> None:
    run_of("a", "failed", resource_id="tenant-1")
    run_of("b", "success", resource_id="tenant-1")
    run_of("c", "failed", resource_id="tenant-2")

    page = body(f"{LIST}?status=failed&resource=tenant-1")

    assert shown(page) == ["pay/a"]
    assert 'aria-label="Remove the filter failed"' in page
    assert 'href="?resource=tenant-1"' in page


def test_counters_count_what_the_other_filters_leave(operator: User, body: Go) -> None:
    run_of("a", "failed", resource_id="x")
    run_of("b", "success", resource_id="x")
    run_of("c", "success", resource_id="y")

    page = body(f"{LIST}?status=failed&resource=x")

    assert 'data-count-of="failed">1<' in page
    assert 'data-count-of="success">1<' in page


def test_an_empty_list_says_why(operator: User, body: Go) -> None:
    assert "Nothing has run yet" in body(LIST)
    assert "No run fits" in body(f"{LIST}?status=failed")


def test_pages_follow_each_other(operator: User, body: Go) -> None:
    moment = timezone.now()
    for number in range(60):
        run_of(f"r{number:02}", created_at=moment + timedelta(seconds=number))

    first = body(f"{LIST}?workflow=pay")
    older = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = body(LIST + older.replace("&amp;", "&"))

    assert len(shown(first)) == 50
    assert shown(second) == [f"pay/r{number:02}" for number in range(9, -1, -1)]
    assert "workflow=pay" in older


def test_a_place_that_is_none_is_a_mistake_of_the_caller(client: Client, operator: User) -> None:
    assert client.get(f"{LIST}?page=nonsense").status_code == 400


def test_filters_that_mean_nothing_are_no_filters() -> None:
    query = QueryDict("status=great&since=yesterday&until=2026-02-31&text=%20&mine=")

    filters = Filters(query, 1)

    assert (filters.statuses, list(filters.chips())) == ((), [])
    assert filters.wanted().among(Run.objects.all()).query.where.children == []


def test_a_day_limits_the_list_in_the_time_zone_of_the_pages(operator: User, body: Go) -> None:
    run_of("early", created_at=timezone.make_aware(datetime(2026, 11, 1, 23, 59)))
    run_of("day", created_at=timezone.make_aware(datetime(2026, 11, 2, 12, 0)))

    assert shown(body(f"{LIST}?since=2026-11-02&until=2026-11-02")) == ["pay/day"]


def test_a_tenant_sees_and_counts_its_own_runs_only(operator: User, body: Go) -> None:
    ResourceRestriction.objects.create(user=operator, resource_ids=["mine"])
    run_of("mine", resource_id="mine")
    run_of("theirs", resource_id="theirs")

    page = body(LIST)

    assert shown(page) == ["pay/mine"]
    assert 'data-count-of="success">1<' in page


def test_the_list_takes_a_handful_of_queries(
    client: Client, operator: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        run_of(f"r{number}", "failed")

    with django_assert_max_num_queries(12):
        client.get(LIST)


# --- canceling many ----------------------------------------------------------------------------


def test_canceling_many_is_shown_before_it_is_done(client: Client, operator: User) -> None:
    waiting, ended = run_of("a", "suspended"), run_of("b", "success")

    response = client.post(reverse("runs:cancel-runs"), {"pick": [waiting.pk, ended.pk]})

    page = response.content.decode()
    assert "Cancel 1 run?" in page
    assert "<b>1</b> has ended" in page
    assert Run.objects.filter(status="canceled").count() == 0


def test_what_was_confirmed_is_canceled_with_the_reason(client: Client, operator: User) -> None:
    waiting, ended = run_of("a", "pending"), run_of("b", "success")

    response = client.post(
        reverse("runs:cancel-runs"),
        {"pick": [waiting.pk, ended.pk], "confirm": "1", "reason": "a mistake"},
    )

    assert "Canceled 1 of 2" in response.content.decode()
    assert sorted(Run.objects.values_list("run_id", "status")) == [
        ("a", "canceled"),
        ("b", "success"),
    ]
    assert AuditEntry.objects.values_list("action", "reason").get() == ("cancel", "a mistake")


def test_all_that_fit_the_filters_can_be_canceled(client: Client, operator: User) -> None:
    run_of("a", "pending", resource_id="x")
    run_of("b", "pending", resource_id="y")

    client.post(reverse("runs:cancel-runs"), {"all": "1", "filters": "resource=x", "confirm": "1"})

    assert sorted(Run.objects.values_list("run_id", "status")) == [
        ("a", "canceled"),
        ("b", "pending"),
    ]


def test_runs_of_others_cannot_be_canceled(client: Client, operator: User) -> None:
    ResourceRestriction.objects.create(user=operator, resource_ids=["mine"])
    theirs = run_of("theirs", "pending", resource_id="theirs")

    client.post(reverse("runs:cancel-runs"), {"pick": [theirs.pk], "confirm": "1"})

    assert Run.objects.get().status == "pending"


def test_who_may_only_look_cancels_nothing(client: Client, viewer: User, body: Go) -> None:
    run = run_of("a", "pending")

    refused = client.post(reverse("runs:cancel-runs"), {"pick": [run.pk], "confirm": "1"})

    assert refused.status_code == 403
    assert "Cancel the selected" not in body(LIST)
    assert Run.objects.get().status == "pending"
