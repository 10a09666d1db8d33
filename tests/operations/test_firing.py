from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from runs import Workflow, create_workflow
from runs.exceptions import (
    InvalidInput,
)
from runs.models import AuditEntry, Run, Schedule, ScheduleTrigger
from runs.models.fields import from_ms, to_ms
from runs.operations import (
    create_schedule,
    find_schedule,
    fire_due,
    firing,
    pause_schedule,
    run_schedule_now,
    schedule_triggers,
    shown_schedules,
)
from tests.operations.scheduling import HOUR, MINUTE, NOON, NOON_MS, SetClock, hourly, wire_of
from tests.store.gallery import same
from tests.store.waiting import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def test_a_due_schedule_starts_a_run_for_the_workers(report: Workflow, clock: SetClock) -> None:
    schedule = hourly(report, resource_id="acme", request_context={"tenant": "acme"})
    clock.shows += HOUR + 1500

    assert (fire_due(), fire_due()) == (1, 0)

    run = Run.objects.get()
    assert (run.run_id, run.resource_id) == (f"sched_{schedule.id}_{NOON_MS + HOUR}", "acme")
    assert (run.status, run.lease_owner, run.due_at is None) == ("running", "", False)
    assert run.request_context == {"tenant": "acme"}
    assert report.get_workflow_run_by_id(run.run_id)["payload"] == {"day": "Monday"}
    shown = wire_of(schedule)
    assert shown["nextFireAt"] == NOON_MS + 2 * HOUR
    assert (shown["lastFireAt"], shown["lastRunId"]) == (clock.shows, run.run_id)
    assert shown["lastRun"] == {"status": "running", "startedAt": to_ms(run.started_at)}


def test_what_a_schedule_does_is_on_the_trail_of_its_run(report: Workflow, clock: SetClock) -> None:
    schedule = hourly(report)
    clock.shows += HOUR

    fire_due()

    trail = AuditEntry.objects.values_list("action", "source", "details")
    assert list(trail) == [
        (action, "schedule", {"schedule": schedule.id}) for action in ("create", "start")
    ]


@pytest.mark.django_db(transaction=True)
def test_the_history_tells_when_and_why_newest_first(report: Workflow, clock: SetClock) -> None:
    schedule = hourly(report)
    clock.shows += HOUR + 200
    fire_due()
    clock.shows += 1000
    trigger = run_schedule_now(schedule.id)

    first, second = schedule_triggers(schedule)
    assert first == {
        "id": str(trigger.pk),
        "scheduleId": schedule.id,
        "runId": f"sched_{schedule.id}_{clock.shows}",
        "scheduledFireAt": clock.shows,
        "actualFireAt": clock.shows,
        "outcome": "published",
        "triggerKind": "manual",
        "run": first["run"],
    }
    assert first["run"]["status"] == "success"
    assert first["run"]["durationMs"] == first["run"]["completedAt"] - first["run"]["startedAt"]
    assert (second["triggerKind"], second["run"]["status"]) == ("schedule-fire", "running")
    assert second["scheduledFireAt"] == NOON_MS + HOUR
    assert second["actualFireAt"] == NOON_MS + HOUR + 200
    assert schedule_triggers(schedule, limit=1) == [first]
    before = NOON + timedelta(hours=1, milliseconds=200)
    assert schedule_triggers(schedule, to_fired_at=before) == [second]
    assert schedule_triggers(schedule, from_fired_at=before + timedelta(milliseconds=1)) == [first]


def test_a_run_that_is_gone_is_missing_in_history_and_nothing_else(
    report: Workflow, clock: SetClock
) -> None:
    schedule = hourly(report)
    clock.shows += HOUR
    fire_due()
    run_id = Run.objects.get().run_id
    Run.objects.all().delete()

    assert "lastRun" not in wire_of(schedule)
    assert wire_of(schedule)["lastRunId"] == run_id
    assert [("run" in t, t["runId"]) for t in schedule_triggers(schedule)] == [(False, run_id)]


def test_running_one_now_leaves_its_next_fire_and_needs_no_active_schedule(
    report: Workflow, clock: SetClock
) -> None:
    schedule = hourly(report)
    pause_schedule(schedule.id)

    ids = [run_schedule_now(schedule.id).run_id for _ in range(2)]

    assert ids == [f"sched_{schedule.id}_{NOON_MS + more}" for more in (0, 1)]
    assert to_ms(find_schedule(schedule.id).next_fire_at) == NOON_MS + HOUR
    assert sorted(Run.objects.values_list("run_id", flat=True)) == ids


def test_running_one_now_with_input_that_does_not_fit_is_refused(report: Workflow) -> None:
    schedule = create_schedule("report", cron="0 * * * *")

    with pytest.raises(InvalidInput):
        run_schedule_now(schedule.id)
    assert not Run.objects.exists()
    assert not schedule.triggers.exists()


@pytest.mark.parametrize(
    ("missed", "outcomes"),
    [("once", [("published", 1)]), ("skip", [("skipped", 0)])],
)
def test_fires_missed_while_nobody_was_there_are_one_run_or_none(
    report: Workflow, clock: SetClock, missed: str, outcomes: list[tuple[str, int]]
) -> None:
    schedule = hourly(report, missed=missed)
    clock.shows += 5 * HOUR + 30 * MINUTE

    fire_due()
    fire_due()

    noted = [(t.outcome, int(bool(t.run_id))) for t in schedule.triggers.all()]
    assert (noted, Run.objects.count()) == (outcomes, outcomes[0][1])
    assert to_ms(find_schedule(schedule.id).next_fire_at) == NOON_MS + 6 * HOUR


def test_a_fire_that_is_a_little_late_is_not_missed(report: Workflow, clock: SetClock) -> None:
    hourly(report, missed="skip")
    clock.shows += HOUR + 59_000

    fire_due()

    assert Run.objects.count() == 1


def test_what_keeps_a_run_from_starting_is_noted_and_the_schedule_goes_on(
    report: Workflow, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    schedule = create_schedule("report", cron="0 * * * *", input_data={"day": 5})
    hourly(report)
    clock.shows += HOUR

    with caplog.at_level(logging.WARNING, "runs.schedules"):
        assert fire_due() == 2

    (trigger,) = schedule_triggers(schedule)
    assert (trigger["outcome"], trigger["runId"]) == ("failed", None)
    assert trigger["error"].startswith("Invalid input data: \n- day: ")
    assert "lastRunId" not in wire_of(schedule)
    assert wire_of(schedule)["nextFireAt"] == NOON_MS + 2 * HOUR
    assert Run.objects.count() == 1
    assert schedule.id in caplog.text


def test_a_callback_that_breaks_stops_neither_its_schedule_nor_others(
    clock: SetClock, report: Workflow
) -> None:
    def broken(info: Any) -> None:
        raise KeyError("no such thing")

    create_workflow(id="broken", on_start=broken).then(same("render")).commit()
    schedule = create_schedule("broken", cron="0 * * * *")
    hourly(report)
    clock.shows += HOUR

    assert fire_due() == 2
    assert [t["outcome"] for t in schedule_triggers(schedule)] == ["failed"]
    assert Run.objects.filter(workflow_id="report").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_schedule_that_the_database_refuses_keeps_no_other_from_firing(
    report: Workflow, clock: SetClock
) -> None:
    first, second = hourly(report), hourly(report)
    Schedule.objects.filter(pk=first.pk).update(next_fire_at=from_ms(NOON_MS))
    clock.shows += HOUR

    def lock_out(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        told = sql.startswith('INSERT INTO "runs_scheduletrigger"')
        if told and any(first.pk in str(one) for one in params):
            raise OperationalError("no disk space")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(lock_out), pytest.raises(OperationalError):
        fire_due()

    assert [(first.triggers.count(), second.triggers.count()), fire_due()] == [(0, 1), 1]


def test_an_expression_whose_years_are_over_fires_no_more(
    report: Workflow, clock: SetClock
) -> None:
    schedule = create_schedule("report", cron="0 0 13 1 5 * 2026", input_data={"day": "May"})
    clock.shows += HOUR

    assert (fire_due(), fire_due()) == (1, 0)
    assert "nextFireAt" not in wire_of(schedule)


def test_a_process_that_does_not_know_the_workflow_leaves_the_fire_to_others(
    report: Workflow, clock: SetClock
) -> None:
    schedule = hourly(report)
    Schedule.objects.filter(pk=schedule.pk).update(workflow_id=_stranger())
    clock.shows += HOUR

    assert fire_due() == 0
    assert to_ms(find_schedule(schedule.id).next_fire_at) == NOON_MS + HOUR


def _stranger() -> str:
    from runs.models import Workflow as Row

    return Row.objects.create(id="stranger").pk


def test_many_schedules_are_shown_with_one_query_for_their_runs(
    report: Workflow, clock: SetClock, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        hourly(report)
    clock.shows += HOUR
    fire_due()
    schedules = list(Schedule.objects.all())

    with django_assert_num_queries(1):
        shown = shown_schedules(schedules)
    assert {one["lastRun"]["status"] for one in shown} == {"running"}
    assert from_ms(shown[0]["lastFireAt"]) == NOON + timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_of_many_schedulers_one_has_each_fire(report: Workflow, clock: SetClock) -> None:
    schedules = [hourly(report) for _ in range(4)]

    for _ in range(3):
        clock.shows += HOUR
        assert sum(together(*[fire_due] * 6)) == len(schedules)

    assert Run.objects.count() == 3 * len(schedules)
    for schedule in schedules:
        moments = [to_ms(trigger.scheduled_at) for trigger in schedule.triggers.all()]
        assert moments == [NOON_MS + 3 * HOUR, NOON_MS + 2 * HOUR, NOON_MS + HOUR]


@pytest.mark.django_db(transaction=True)
def test_a_fire_that_is_interrupted_has_not_happened(report: Workflow, clock: SetClock) -> None:
    schedule = hourly(report)
    clock.shows += HOUR
    with connection.execute_wrapper(_fail_at_the_note), pytest.raises(KeyboardInterrupt):
        fire_due()
    assert (Run.objects.count(), ScheduleTrigger.objects.count()) == (0, 0)

    assert fire_due() == 1
    assert Run.objects.get().run_id == f"sched_{schedule.id}_{NOON_MS + HOUR}"


def _fail_at_the_note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """Die when all of a fire is done but for its note."""
    if sql.startswith('INSERT INTO "runs_scheduletrigger"'):
        raise KeyboardInterrupt
    return execute(sql, params, many, context)


def test_a_long_history_is_cut_now_and_then(report: Workflow, clock: SetClock) -> None:
    schedule = hourly(report)
    notes = [
        ScheduleTrigger(
            schedule=schedule,
            scheduled_at=from_ms(at),
            fired_at=from_ms(at),
            outcome="published",
            kind="manual",
        )
        for at in range(NOON_MS, NOON_MS + firing.HISTORY + 50)
    ]
    ScheduleTrigger.objects.bulk_create(notes)

    firing._forget_old(ScheduleTrigger(id=uuid.UUID(int=200), schedule=schedule))

    assert schedule.triggers.count() == firing.HISTORY
    assert schedule.triggers.first() == notes[-1]
