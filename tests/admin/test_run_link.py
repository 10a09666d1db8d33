"""The run behind a user's own row. Users stand for those rows here: each has a resource."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.signals import post_init
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from runs.admin import RunLink
from runs.models import ResourceRestriction, Run
from tests.admin.conftest import Workflows

pytestmark = pytest.mark.django_db


class CustomerAdmin(RunLink):
    list_display = ("username", "run_status")

    def run_resource_id(self, row: User) -> str:
        return f"customer-{row.pk}"


@pytest.fixture
def customers() -> CustomerAdmin:
    return CustomerAdmin(User, AdminSite())


def seen_by(user: User, rf: RequestFactory) -> Any:
    request = rf.get("/")
    request.user = user
    return request


def statuses(customers: CustomerAdmin, request: Any) -> dict[str, str]:
    rows = customers.get_changelist_instance(request).result_list
    return {row.username: str(customers.run_status(row)) for row in rows}


def test_the_newest_run_of_each_row_is_linked(
    customers: CustomerAdmin, operator: User, workflows: Workflows, rf: RequestFactory
) -> None:
    root = User.objects.create_superuser("root")
    resource = f"customer-{operator.pk}"
    workflows["doubling"].create_run(resource_id=resource).start({"n": 1})
    run = workflows["asking"].create_run(run_id="newest", resource_id=resource)
    run.start()

    shown = statuses(customers, seen_by(root, rf))

    assert shown["root"] == "\u2013"
    assert f"/admin/runs/run/{run.pk}/change/" in shown["olga"]
    assert 'data-status="suspended" data-runs-run="asking/newest"' in shown["olga"]


def test_older_runs_are_not_even_read(
    customers: CustomerAdmin, operator: User, workflows: Workflows, rf: RequestFactory
) -> None:
    for number in range(10):
        workflows["asking"].create_run(run_id=f"r{number}", resource_id=f"customer-{operator.pk}")
    request, read = seen_by(operator, rf), []

    def note(instance: Run, **_: Any) -> None:
        read.append(instance.run_id)

    post_init.connect(note, sender=Run)
    try:
        customers._find_runs(request, [operator])
    finally:
        post_init.disconnect(note, sender=Run)

    assert read == ["r9"]


def test_the_page_of_a_row_says_why_its_run_is_where_it_is(
    customers: CustomerAdmin, operator: User, workflows: Workflows, rf: RequestFactory
) -> None:
    root = User.objects.create_superuser("root")
    workflows["asking"].create_run(resource_id=f"customer-{operator.pk}").start()

    row = customers.get_object(seen_by(root, rf), str(operator.pk))

    assert "ask waits for an answer" in str(customers.run_panel(row))


def test_a_run_that_may_not_be_seen_is_not_shown(
    customers: CustomerAdmin, operator: User, workflows: Workflows, rf: RequestFactory
) -> None:
    operator.is_superuser = False
    ResourceRestriction.objects.create(user=operator, resource_ids=["another"])
    workflows["asking"].create_run(resource_id=f"customer-{operator.pk}").start()
    request = seen_by(operator, rf)

    customers._find_runs(request, [operator])

    assert customers.run_status(operator) == "\u2013"


def test_more_rows_ask_no_more(
    customers: CustomerAdmin, workflows: Workflows, rf: RequestFactory
) -> None:
    request = seen_by(User.objects.create_superuser("root"), rf)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            statuses(customers, request)
        return len(asked)

    statuses(customers, request)
    before = queries()
    for number in range(5):
        user = User.objects.create_user(f"user-{number}")
        workflows["asking"].create_run(resource_id=f"customer-{user.pk}").start()

    assert queries() == before + 1  # one for all their lines; of no runs nothing is asked
