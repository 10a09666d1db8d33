"""The pages of schedules and of the installation's health."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runs import create_step, create_workflow
from runs.definition import Workflow
from runs.models import ResourceRestriction, Run, Schedule, WorkerProcess
from runs.operations.firing import run_schedule_now
from runs.operations.schedules import create_schedule

from .conftest import Go

pytestmark = pytest.mark.django_db(transaction=True)
SCHEMA = {"type": "object", "required": ["day"], "properties": {"day": {"enum": ["Mon", "Tue"]}}}


@pytest.fixture
def report(registry: None) -> Workflow:
    step = create_step(id="s")(lambda ctx: 1)
    return create_workflow("report", input_schema=SCHEMA).then(step).commit()


def test_without_schedules_the_page_says_how_to_make_one(
    operator: User, body: Go, report: Workflow
) -> None:
    assert "Nothing starts by itself" in body(reverse("runs:schedules"))


def test_a_schedule_is_made_with_an_input_that_fits(
    client: Client, operator: User, report: Workflow
) -> None:
    filled = {"workflow": "report", "cron": "0 2 * * *", "input.__mode": "form"}
    refused = client.post(reverse("runs:schedules"), filled)
    wrong = client.post(reverse("runs:schedules"), filled | {"cron": "every day", "input.day": "1"})

    made = client.post(reverse("runs:schedules"), filled | {"input.day": "1"})

    assert (refused.status_code, wrong.status_code, made.status_code) == (422, 422, 302)
    assert "cron" in wrong.content.decode()
    only = Schedule.objects.get()
    assert (only.workflow_id, only.cron, only.input_data) == ("report", "0 2 * * *", {"day": "Tue"})


@pytest.mark.usefixtures("inline")
def test_a_schedule_is_paused_resumed_run_and_deleted(
    client: Client, operator: User, body: Go, report: Workflow
) -> None:
    made = create_schedule("report", cron="0 2 * * *", input_data={"day": "Mon"})
    url = reverse("runs:schedule", args=[made.pk])

    states = []
    for act in ("pause", "resume"):
        client.post(url, {"act": act})
        states.append(Schedule.objects.get().status)
    client.post(url, {"act": "run"})

    assert states == ["paused", "active"]
    assert "by hand" in body(url)
    assert Run.objects.count() == 1
    client.post(url, {"act": "delete"})
    assert Schedule.objects.count() == 0


def test_who_may_only_look_changes_no_schedule(
    client: Client, viewer: User, body: Go, report: Workflow
) -> None:
    made = create_schedule("report", cron="0 2 * * *", input_data={"day": "Mon"})

    refused = client.post(reverse("runs:schedule", args=[made.pk]), {"act": "delete"})

    assert refused.status_code == 403
    assert "New schedule" not in body(reverse("runs:schedules"))
    assert made.pk in body(reverse("runs:schedules"))


def test_schedules_of_other_tenants_are_nowhere(viewer: User, body: Go, report: Workflow) -> None:
    ResourceRestriction.objects.create(user=viewer, resource_ids=["mine"])
    create_schedule("report", cron="1 2 * * *", resource_id="mine")
    create_schedule("report", cron="3 4 * * *", resource_id="theirs")

    everywhere = [body(reverse(f"runs:{name}")) for name in ("workflows", "schedules")]

    assert all("1 2 * * *" in page and "3 4 * * *" not in page for page in everywhere)
    page = body(reverse("runs:workflow", args=["report"]))
    assert "<dt>Schedules</dt><dd>1</dd>" in page


def test_the_page_of_schedules_follows_the_runs_of_its_workflows(
    operator: User, body: Go, report: Workflow
) -> None:
    made = create_schedule("report", cron="0 2 * * *", input_data={"day": "Mon"})
    run_schedule_now(made.pk)

    every, one = body(reverse("runs:schedules")), body(reverse("runs:schedule", args=[made.pk]))

    assert 'data-list-socket="/ws/runs/"' in every
    assert '<tbody id="schedules" data-live="again">' in every
    assert 'data-list-socket="/ws/runs/?workflowId=report"' in one
    assert '<tbody id="fires" data-live="again">' in one


def test_an_unknown_schedule_is_not_found(client: Client, operator: User) -> None:
    assert client.get(reverse("runs:schedule", args=["nothing"])).status_code == 404


# --- health ------------------------------------------------------------------------------------

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


def test_people_get_a_page_and_programs_the_report(client: Client, operator: User) -> None:
    page = client.get("/health/", headers=HTML)
    report = client.get("/health/", headers={"Accept": "*/*"})

    assert page["Content-Type"].startswith("text/html")
    assert report["Content-Type"].startswith("application/json")


def test_the_page_of_health_is_for_who_may_see_runs(client: Client, charlie: User) -> None:
    assert client.get("/health/", headers=HTML).status_code == 302
    client.force_login(charlie)
    assert client.get("/health/", headers=HTML).status_code == 403


@pytest.fixture
def background(settings: Any) -> None:
    """Runs execute in workers, and here are none."""
    settings.RUNS_EXECUTION = "background"


def worker(**members: Any) -> WorkerProcess:
    return WorkerProcess.objects.create(
        **{"id": "host:1:abc", "host": "host", "pid": 1, "slots": 8} | members
    )


def test_a_banner_says_that_no_worker_is_alive(
    background: None, operator: User, body: Go, report: Workflow
) -> None:
    worker(seen_at=timezone.now() - timedelta(seconds=70))
    report.create_run().start_async({"day": "Mon"})

    page = body(reverse("runs:workflows"))

    assert "1 run queued. No worker has been seen for 1 min." in page
    assert "manage.py serve" in page


def test_there_is_no_banner_while_a_worker_is_alive(
    background: None, client: Client, operator: User, body: Go, registry: None
) -> None:
    worker()

    assert "No worker" not in body(reverse("runs:workflows"))
    page = client.get("/health/", headers=HTML).content.decode()
    assert "host:1:abc" in page and "alive" in page


def test_where_runs_execute_in_place_no_worker_is_missed(
    inline: None, operator: User, body: Go, registry: None
) -> None:
    assert "No worker" not in body(reverse("runs:workflows"))
