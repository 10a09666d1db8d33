"""Old runs are deleted after a page that says how many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runs.models import ResourceRestriction, Run
from tests.admin.conftest import Workflows, allow

pytestmark = pytest.mark.django_db

OLD = {"days": "30", "statuses": ["success"], "workflow": ""}


@pytest.fixture
def old_and_new(workflows: Workflows) -> None:
    for name in ("old", "new"):
        workflows["doubling"].create_run(run_id=name).start({"n": 1})
    Run.objects.filter(run_id="old").update(updated_at=timezone.now() - timedelta(days=31))


def test_what_would_go_is_counted_first(page: Client, operator: User, old_and_new: None) -> None:
    allow(operator, "delete_run")
    url = reverse("admin:runs_run_prune")

    counted = page.post(url, {**OLD, "preview": "Count"})
    there = Run.objects.count()
    page.post(url, {**OLD, "confirmed": "Delete"})

    assert counted.context["counted"].total == 1
    assert there == 2
    assert [run.run_id for run in Run.objects.all()] == ["new"]


def test_it_needs_the_permission_and_the_sight_of_all_runs(
    page: Client, operator: User, old_and_new: None
) -> None:
    url = reverse("admin:runs_run_prune")

    without = page.get(url).status_code
    allow(operator, "delete_run")
    with_it = page.get(url).status_code
    ResourceRestriction.objects.create(user=operator, resource_ids=["a"])
    restricted = page.post(url, {**OLD, "confirmed": "Delete"}).status_code

    assert (without, with_it, restricted) == (403, 200, 403)
    assert Run.objects.count() == 2
