"""Runs in the admin: found, looked at, started, canceled in bulk."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from runs.models import AuditEntry, ResourceRestriction, Run
from tests.admin.conftest import Workflows, allow

pytestmark = pytest.mark.django_db

LIST = "admin:runs_run_changelist"


def ids(answer: Any) -> list[str]:
    return sorted(run.run_id for run in answer.context["cl"].result_list)


def bulk(page: Client, action: str, runs: list[Run], **more: str) -> Any:
    data = {"action": action, "_selected_action": [str(run.pk) for run in runs], **more}
    return page.post(reverse(LIST), data, follow=True)


def test_a_run_is_found_by_the_beginning_of_its_id_its_resource_or_its_key(
    page: Client, workflows: Workflows
) -> None:
    asking = workflows["asking"]
    asking.create_run(run_id="alpha", resource_id="customer-1")
    asking.create_run(run_id="beta", resource_id="customer-2")
    asking.create_run(run_id="gamma", idempotency_key="order-7")

    found = {text: ids(page.get(reverse(LIST), {"q": text})) for text in ("al", "cust", "order-7")}

    assert found == {"al": ["alpha"], "cust": ["alpha", "beta"], "order-7": ["gamma"]}


def test_the_list_says_why_a_run_is_where_it_is(page: Client, workflows: Workflows) -> None:
    workflows["asking"].create_run(run_id="r").start()

    shown = page.get(reverse(LIST)).content.decode()

    assert "ask waits for an answer" in shown
    assert 'data-status="suspended" data-runs-run="asking/r"' in shown


def test_dates_are_drilled_into(page: Client, workflows: Workflows) -> None:
    created = Run.objects.get(pk=workflows["asking"].create_run().pk).created_at
    here = {"created_at__year": created.year, "created_at__month": created.month}

    top = page.get(reverse(LIST)).context["cl"].dates
    month = page.get(reverse(LIST), here).context["cl"].dates
    elsewhere = page.get(reverse(LIST), {"created_at__year": created.year - 1})

    assert [step.title for step in top.below] == [str(created.year)]
    assert [step.title for step in month.above] == ["All dates", str(created.year)]
    assert len(month.below) == 1
    assert ids(elsewhere) == []


def test_an_operator_without_the_permission_sees_runs_but_not_what_they_hold(
    page: Client, operator: User, workflows: Workflows
) -> None:
    run = workflows["doubling"].create_run()
    run.start({"n": 21})
    url = reverse("admin:runs_run_change", args=[run.pk])

    before = page.get(url).content.decode()
    allow(operator, "view_payload")
    after = page.get(url).content.decode()

    assert ("field-result" in before, "field-result" in after) == (False, True)
    assert "42" in after


def test_runs_of_another_tenant_are_not_there(
    page: Client, operator: User, workflows: Workflows
) -> None:
    mine = workflows["asking"].create_run(run_id="mine", resource_id="a")
    other = workflows["asking"].create_run(run_id="other", resource_id="b")
    ResourceRestriction.objects.create(user=operator, resource_ids=["a"])

    assert ids(page.get(reverse(LIST))) == ["mine"]
    assert page.get(reverse("admin:runs_run_change", args=[mine.pk])).status_code == 200
    assert page.get(reverse("admin:runs_run_change", args=[other.pk])).status_code == 302


def test_buttons_are_those_that_fit_and_are_permitted(
    page: Client, operator: User, workflows: Workflows
) -> None:
    run = workflows["asking"].create_run()
    run.start()
    url = reverse("admin:runs_run_change", args=[run.pk])

    none = page.get(url).context["buttons"]
    allow(operator, "resume_run", "cancel_run", "restart_run", "time_travel_run", "start_run")
    some = page.get(url).context["buttons"]

    assert none == []
    assert [button.name for button in some] == ["Answer", "Cancel", "Time travel"]


@pytest.mark.django_db(transaction=True)
def test_a_pending_run_is_started_with_a_form(
    page: Client, operator: User, workflows: Workflows
) -> None:
    allow(operator, "start_run")
    run = workflows["doubling"].create_run(run_id="r")
    url = reverse("admin:runs_run_start", args=[run.pk])

    wrong = page.post(url, {"input.n": "many"})
    right = page.post(url, {"input.n": "21", "reason": "tried by hand"})

    assert (wrong.status_code, right.status_code) == (200, 302)
    entry = AuditEntry.objects.get(action="start")
    assert (entry.actor, entry.source, entry.reason) == (operator, "admin", "tried by hand")
    assert LogEntry.objects.get().get_change_message() == "Started."


def test_starting_needs_its_permission(page: Client, workflows: Workflows) -> None:
    run = workflows["doubling"].create_run()

    answer = page.post(reverse("admin:runs_run_start", args=[run.pk]), {"input.n": "1"})

    assert answer.status_code == 403
    assert Run.objects.get().status == "pending"


def test_canceling_many_asks_first_and_leaves_finished_ones_alone(
    page: Client, operator: User, workflows: Workflows
) -> None:
    allow(operator, "cancel_run")
    done = workflows["doubling"].create_run(run_id="done")
    done.start({"n": 1})
    asks = workflows["asking"].create_run(run_id="asks")
    asks.start()

    asked = bulk(page, "cancel", [done, asks])
    unchanged = Run.objects.get(pk=asks.pk).status
    bulk(page, "cancel", [done, asks], confirmed="cancel", reason="no more")

    assert (asked.context["count"], asked.context["left_alone"]) == (1, 1)
    assert unchanged == "suspended"
    assert {run.run_id: run.status for run in Run.objects.all()} == {
        "done": "success",
        "asks": "canceled",
    }
    assert AuditEntry.objects.get(action="cancel").reason == "no more"


def test_a_bulk_action_that_is_not_permitted_is_not_offered(
    page: Client, workflows: Workflows
) -> None:
    run = workflows["asking"].create_run()

    bulk(page, "cancel", [run], confirmed="cancel")

    assert Run.objects.get().status == "pending"


def test_records_are_exported_without_what_may_not_be_seen(
    page: Client, operator: User, workflows: Workflows
) -> None:
    run = workflows["doubling"].create_run(run_id="r")
    run.start({"n": 21})

    hidden = json.loads(bulk(page, "export", [run]).content)
    allow(operator, "view_payload")
    open_ = json.loads(bulk(page, "export", [run]).content)

    assert "result" not in hidden["runs"][0]
    assert open_["runs"][0]["result"] == 42


def test_a_run_whose_workflow_is_gone_cannot_be_started(page: Client, operator: User) -> None:
    from runs.models import Workflow

    allow(operator, "start_run")
    run = Run.objects.create(workflow=Workflow.objects.create(id="gone"), run_id="r")
    url = reverse("admin:runs_run_start", args=[run.pk])

    for response in (page.get(url, follow=True), page.post(url, {}, follow=True)):
        assert response.status_code == 200
        assert "Workflow not found" in response.content.decode()
