from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from runs import Workflow
from runs.exceptions import (
    InvalidSchedule,
    NotSerializable,
    RequestError,
    RunsError,
    ScheduleExists,
    ScheduleNotFound,
    WorkflowNotFound,
)
from runs.models import AuditEntry, Run, Schedule, ScheduleTrigger
from runs.models.fields import to_ms
from runs.operations import (
    create_schedule,
    delete_schedule,
    find_schedule,
    fire_due,
    pause_schedule,
    resume_schedule,
    run_schedule_now,
    update_schedule,
)
from runs.operations.acting import Actor, acting
from tests.operations.scheduling import HOUR, MINUTE, NOON_MS, SetClock, hourly, wire_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def test_a_schedule_shows_what_it_was_made_of(report: Workflow) -> None:
    schedule = create_schedule(
        "report",
        id="Nightly  Greet!",
        cron="0 3 * * *",
        timezone="Europe/Madrid",
        input_data={"day": "Monday"},
        request_context={"tenant": "acme"},
        metadata={"owner": "ops"},
        resource_id="acme",
        missed="skip",
    )

    assert wire_of(schedule) == {
        "id": "schedule_nightly-greet",
        "workflowId": "report",
        "cron": "0 3 * * *",
        "timezone": "Europe/Madrid",
        "status": "active",
        "nextFireAt": NOON_MS + 13 * HOUR,
        "inputData": {"day": "Monday"},
        "requestContext": {"tenant": "acme"},
        "metadata": {"owner": "ops"},
        "resourceId": "acme",
        "missed": "skip",
        "createdAt": to_ms(schedule.created_at),
        "updatedAt": to_ms(schedule.updated_at),
    }


def test_an_id_that_is_taken_is_refused_however_it_is_written(report: Workflow) -> None:
    hourly(report, id="nightly greet")

    with pytest.raises(ScheduleExists) as caught:
        hourly(report, id="schedule_nightly-greet")
    assert caught.value.message == 'Schedule "schedule_nightly-greet" already exists'


@pytest.mark.parametrize(
    ("members", "error", "message"),
    [
        ({"cron": "bogus"}, InvalidSchedule, 'Invalid cron expression "bogus": expected'),
        ({"cron": "0 0 0 1 1 * 2020"}, InvalidSchedule, "has no fire in the future"),
        ({"cron": "0" * 300 + " * * * *"}, InvalidSchedule, "at most 200 characters"),
        ({"cron": 5}, InvalidSchedule, "are text"),
        ({"timezone": "Mars"}, InvalidSchedule, 'Invalid timezone "Mars"'),
        ({"id": " !! "}, RequestError, "no letter or digit"),
        ({"id": "x" * 151}, RequestError, "at most 150 characters"),
        ({"status": "gone"}, RequestError, '"active" or "paused"'),
        ({"missed": "all"}, RequestError, 'missed is "skip" or "once"'),
        ({"request_context": [1]}, RequestError, "request_context of a schedule is an object"),
        ({"resource_id": "x" * 201}, RequestError, "at most 200 characters"),
        ({"resource_id": "a\0b"}, RequestError, "without NUL"),
        ({"input_data": {1, 2}}, NotSerializable, "input_data cannot be written as JSON"),
        ({"color": "red"}, RequestError, "no 'color'"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused_and_nothing_is_stored(
    report: Workflow, members: dict[str, Any], error: type[RunsError], message: str
) -> None:
    with pytest.raises(error) as caught:
        create_schedule("report", **{"cron": "0 * * * *"} | members)

    assert message in caught.value.message
    assert not Schedule.objects.exists()


def test_a_schedule_of_an_unknown_workflow_is_refused(clock: SetClock) -> None:
    with pytest.raises(WorkflowNotFound) as caught:
        create_schedule("nope", cron="0 * * * *")

    assert caught.value.message == 'Workflow "nope" not found'


def test_what_is_not_there_is_not_found(clock: SetClock) -> None:
    for call in (find_schedule, pause_schedule, resume_schedule, delete_schedule, run_schedule_now):
        with pytest.raises(ScheduleNotFound, match="Schedule not found"):
            call("schedule_nope")


def test_a_new_expression_counts_from_now_and_other_changes_leave_the_next_fire(
    report: Workflow, clock: SetClock
) -> None:
    schedule = hourly(report)
    clock.shows += 10 * MINUTE

    changed = update_schedule(schedule.id, input_data={"day": "Friday"}, metadata=None)
    assert (changed.input_data, to_ms(changed.next_fire_at)) == ({"day": "Friday"}, NOON_MS + HOUR)
    changed = update_schedule(schedule.id, cron="*/15 * * * *")
    assert to_ms(changed.next_fire_at) == NOON_MS + 15 * MINUTE


def test_a_wrong_change_changes_nothing(report: Workflow) -> None:
    schedule = hourly(report)

    with pytest.raises(InvalidSchedule):
        update_schedule(schedule.id, input_data={"day": "Friday"}, cron="bogus")
    with pytest.raises(RequestError):
        update_schedule(schedule.id, workflow_id="other")
    before = schedule.__dict__ | {"_state": None}
    assert find_schedule(schedule.id).__dict__ | {"_state": None} == before


def test_a_paused_schedule_does_not_fire_and_a_resumed_one_counts_from_then(
    report: Workflow, clock: SetClock
) -> None:
    schedule = hourly(report)
    pause_schedule(schedule.id)
    assert pause_schedule(schedule.id).status == "paused"

    clock.shows += 5 * HOUR + MINUTE
    assert fire_due() == 0
    assert to_ms(resume_schedule(schedule.id).next_fire_at) == NOON_MS + 6 * HOUR
    assert resume_schedule(schedule.id).status == "active"


def test_a_deleted_schedule_leaves_its_runs(report: Workflow, clock: SetClock) -> None:
    schedule = hourly(report)
    clock.shows += HOUR
    fire_due()

    delete_schedule(schedule.id)

    assert not ScheduleTrigger.objects.exists()
    assert Run.objects.count() == 1


def test_who_changes_a_schedule_leaves_a_trail(report: Workflow, alice: User) -> None:
    with acting(Actor(alice, "api")):
        schedule = hourly(report, id="x")
        update_schedule(schedule.id, cron="*/5 * * * *", metadata={"a": 1})
        pause_schedule(schedule.id)
        delete_schedule(schedule.id)

    trail = AuditEntry.objects.values_list("subject", "action", "actor_name", "details")
    assert list(trail) == [
        ("schedule schedule_x", "create_schedule", "alice", None),
        (
            "schedule schedule_x",
            "change_schedule",
            "alice",
            {"changed": ["cron", "metadata"], "status": "active"},
        ),
        ("schedule schedule_x", "change_schedule", "alice", {"status": "paused"}),
        ("schedule schedule_x", "delete_schedule", "alice", None),
    ]
