"""Each table can be read in the admin, quickly, and the tables of runs cannot be written."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs.models import Run
from tests.admin.conftest import Workflows

pytestmark = pytest.mark.django_db

MODELS = [model for model in apps.get_app_config("runs").get_models() if not model._meta.proxy]
WRITABLE = {"apitoken", "resourcerestriction", "schedule"}


@pytest.fixture
def root() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_its_list_opens_and_so_does_the_page_of_a_row(
    model: Any, root: Client, workflows: Workflows
) -> None:
    workflows["asking"].create_run(run_id="r", idempotency_key="k").start()

    pages = [reverse(f"admin:runs_{model._meta.model_name}_changelist")]
    if row := model.objects.last():
        pages.append(reverse(f"admin:runs_{model._meta.model_name}_change", args=[quote(row.pk)]))

    assert {root.get(page).status_code for page in pages} == {200}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_not_even_a_superuser_writes_what_runs_write(model: Any, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = User(is_superuser=True, is_active=True, pk=1)
    page = admin.site._registry[model]

    rights = (page.has_add_permission(request), page.has_change_permission(request))

    name = model._meta.model_name
    assert rights == ((True, name != "apitoken") if name in WRITABLE else (False, False))


def test_a_list_of_many_runs_asks_as_often_as_a_list_of_one(
    root: Client, workflows: Workflows
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            root.get(reverse("admin:runs_run_changelist"))
        return len(asked)

    workflows["asking"].create_run().start()
    queries()
    of_one = queries()
    for _ in range(5):
        workflows["asking"].create_run().start()

    assert Run.objects.count() == 6
    assert queries() == of_one < 15
