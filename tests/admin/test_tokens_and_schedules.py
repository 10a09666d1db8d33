"""Tokens are shown once and revoked; schedules are made, changed and paused."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from runs.access import find_token
from runs.models import ApiToken, AuditEntry, ResourceRestriction, Schedule
from tests.admin.conftest import Workflows, allow

pytestmark = pytest.mark.django_db

TOKENS = "admin:runs_apitoken"
SCHEDULES = "admin:runs_schedule"
NO_TRIGGERS = {"triggers-TOTAL_FORMS": "0", "triggers-INITIAL_FORMS": "0"}


def test_a_token_is_shown_once(page: Client, operator: User) -> None:
    allow(operator, "add_apitoken", "view_apitoken")
    data = {"user": operator.pk, "name": "ci", "days": "30", "resource_ids": '["a"]'}

    made = page.post(reverse(f"{TOKENS}_add"), data, follow=True).content.decode()
    again = page.get(reverse(f"{TOKENS}_changelist")).content.decode()

    [text] = re.findall(r"<code>(runs_[\w-]+)</code>", made)
    token = find_token(text)
    assert token is not None
    assert (token.user, token.name, token.resource_ids) == (operator, "ci", ["a"])
    assert text not in again


def test_a_revoked_token_is_of_no_use_and_stays_in_the_list(page: Client, operator: User) -> None:
    allow(operator, "add_apitoken", "view_apitoken", "delete_apitoken")
    page.post(reverse(f"{TOKENS}_add"), {"user": operator.pk, "name": "ci"})
    token = ApiToken.objects.get()

    data = {"action": "revoke", "_selected_action": [str(token.pk)]}
    page.post(reverse(f"{TOKENS}_changelist"), data)

    token.refresh_from_db()
    assert token.revoked_at is not None
    assert token.expires_at is None


def test_a_schedule_is_made_and_a_wrong_one_is_explained(
    page: Client, operator: User, workflows: Workflows
) -> None:
    allow(operator, "manage_schedule")
    workflows["asking"].create_run()
    url = reverse(f"{SCHEDULES}_add")
    data = {"workflow": "asking", "cron": "0 3 * * *", "missed": "once", **NO_TRIGGERS}

    wrong = page.post(url, {**data, "cron": "often"})
    page.post(url, {**data, "timezone": "Europe/Madrid", "input": '{"n": 1}'})

    assert "Invalid cron expression" in wrong.content.decode()
    schedule = Schedule.objects.get()
    assert (schedule.cron, schedule.timezone) == ("0 3 * * *", "Europe/Madrid")
    assert schedule.input_data == {"n": 1}
    assert AuditEntry.objects.get(action="create_schedule").actor == operator


def test_a_schedule_is_changed_paused_and_deleted(
    page: Client, operator: User, workflows: Workflows
) -> None:
    from runs.operations import create_schedule

    allow(operator, "manage_schedule")
    workflows["asking"].create_run()
    schedule = create_schedule("asking", cron="0 3 * * *", id="nightly", input_data={"n": 1})
    data = {"cron": "0 4 * * *", "missed": "skip", "input": '{"n": 1}', **NO_TRIGGERS}
    listed = reverse(f"{SCHEDULES}_changelist")
    chosen = {"_selected_action": [schedule.pk]}

    page.post(reverse(f"{SCHEDULES}_change", args=[quote(schedule.pk)]), data)
    page.post(listed, {"action": "pause", **chosen})
    schedule.refresh_from_db()
    changed = (schedule.cron, schedule.missed, schedule.input_data, schedule.status)
    page.post(listed, {"action": "delete_selected", "post": "yes", **chosen})

    assert changed == ("0 4 * * *", "skip", {"n": 1}, "paused")
    assert not Schedule.objects.exists()


# --- tenants and permissions ---------------------------------------------------------------------


def test_a_restricted_user_makes_and_moves_schedules_within_his_resources(
    page: Client, operator: User, workflows: Workflows
) -> None:
    allow(operator, "manage_schedule")
    ResourceRestriction.objects.create(user=operator, resource_ids=["mine", "also-mine"])
    workflows["asking"].create_run()
    url = reverse(f"{SCHEDULES}_add")
    data = {"workflow": "asking", "cron": "0 3 * * *", "missed": "once", **NO_TRIGGERS}

    refused = [page.post(url, data | {"resource_id": one}) for one in ("theirs", "")]
    made = page.post(url, data | {"resource_id": "mine"})

    assert all("You may not make" in response.content.decode() for response in refused)
    assert made.status_code == 302
    schedule = Schedule.objects.get()
    change = reverse(f"{SCHEDULES}_change", args=[quote(schedule.pk)])
    taken = page.post(change, data | {"resource_id": "theirs"}).content.decode()
    schedule.refresh_from_db()
    assert "You may not make" in taken
    assert schedule.resource_id == "mine"


def test_who_may_only_see_runs_sees_a_schedule_without_its_input(
    page: Client, operator: User, workflows: Workflows
) -> None:
    from runs.operations import create_schedule

    schedule = create_schedule("asking", cron="0 3 * * *", input_data={"n": "secret"})
    url = reverse(f"{SCHEDULES}_change", args=[quote(schedule.pk)])

    seen = page.get(url)
    allow(operator, "manage_schedule")
    managed = page.get(url)

    assert (seen.status_code, managed.status_code) == (200, 200)
    assert "0 3 * * *" in seen.content.decode()
    assert not any("secret" in response.content.decode() for response in (seen, managed))


def test_a_manager_who_sees_no_input_leaves_it_as_it_is(
    page: Client, operator: User, workflows: Workflows
) -> None:
    from runs.operations import create_schedule

    allow(operator, "manage_schedule")
    workflows["asking"].create_run()
    schedule = create_schedule("asking", cron="0 3 * * *", input_data={"n": "secret"})
    url = reverse(f"{SCHEDULES}_change", args=[quote(schedule.pk)])

    page.post(url, {"cron": "0 4 * * *", "missed": "once", **NO_TRIGGERS})

    schedule.refresh_from_db()
    assert (schedule.cron, schedule.input_data) == ("0 4 * * *", {"n": "secret"})


def test_a_token_that_would_outlive_everybody_is_refused(page: Client, operator: User) -> None:
    allow(operator, "add_apitoken", "view_apitoken")

    refused = page.post(reverse(f"{TOKENS}_add"), {"user": operator.pk, "days": str(10**9)})

    assert refused.status_code == 200
    assert not ApiToken.objects.exists()


def test_a_token_is_kept_to_a_list_of_resources(page: Client, operator: User) -> None:
    allow(operator, "add_apitoken", "view_apitoken")

    for wrong in ("5", '{"a": 1}', "[1]"):
        data = {"user": operator.pk, "days": "1", "resource_ids": wrong}
        assert page.post(reverse(f"{TOKENS}_add"), data).status_code == 200

    assert not ApiToken.objects.exists()
