"""Schedules that fire. Every worker looks for due ones; of all of them one has each fire.

A fire is one transaction: it locks the schedule, moves ``next_fire_at`` on, makes and starts the
run, and notes what it did. So two workers cannot both have it, and one that dies in the middle has
not had it. Next time is worked out from now, never from the last fire: after an hour without
workers there is one late fire at most, not sixty.
"""

from __future__ import annotations

import logging

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection, transaction

from runs.conf import conf
from runs.definition import registry
from runs.definition.cron import Cron
from runs.exceptions import InvalidSchedule, RunsError
from runs.models import Schedule, ScheduleTrigger
from runs.models.fields import from_ms, to_ms
from runs.models.schedule import PAUSED, ScheduleQuerySet
from runs.operations import calls
from runs.operations.acting import Actor, acting, note_of_schedule
from runs.operations.declared import sync_declared_schedules
from runs.operations.schedules import find_schedule
from runs.worker.clock import clock
from runs.worker.duties import Call

logger = logging.getLogger("runs.schedules")
#: Fires of one look; the next look comes in a moment.
MOST = 100
#: Notes that are kept of each schedule.
HISTORY = 1000


class Scheduler:
    """A worker's duty: to have due schedules fire."""

    def __init__(self) -> None:
        self._synced = False

    async def look(self, call: Call) -> None:
        if not self._synced:
            await call(sync_declared_schedules)
            self._synced = True
        await call(fire_due)

    async def close(self) -> None:
        """What it does, it has done when ``look`` returns."""


def fire_due() -> int:
    """Fire what is due and of a workflow known here; returns how many fires were noted."""
    now = clock().now()
    due = _due(now).filter(workflow_id__in=registry.all_workflows())
    fired, failure = 0, None
    for schedule_id in list(due.order_by("next_fire_at").values_list("pk", flat=True)[:MOST]):
        try:
            fired += _fire(schedule_id, now) is not None
        except DatabaseError as error:  # the next look tries again; others do not wait for that
            logger.warning("Schedule %s could not fire: %s", schedule_id, error)
            failure = error
    if failure is not None:
        raise failure
    return fired


def _due(now: int) -> ScheduleQuerySet:
    return Schedule.objects.due(from_ms(now))  # type: ignore[arg-type]


@transaction.atomic
def _fire(schedule_id: str, now: int) -> ScheduleTrigger | None:
    """Have a fire, unless somebody else has it or had it."""
    rows = _due(now).filter(pk=schedule_id)
    skips = connection.features.has_select_for_update_skip_locked
    schedule = rows.select_for_update(skip_locked=skips).first()
    if schedule is None:
        return None
    scheduled = to_ms(schedule.next_fire_at) or now
    trigger = _trigger(schedule, scheduled, now, ScheduleTrigger.FIRE)
    if schedule.missed == "skip" and now - scheduled > conf.SCHEDULE_GRACE_SECONDS * 1000:
        trigger.outcome, trigger.run_id = ScheduleTrigger.SKIPPED, ""
    else:
        _try_start(schedule, trigger)
    _move_on(schedule, now)
    if trigger.run_id:
        schedule.last_fire_at, schedule.last_run_id = trigger.fired_at, trigger.run_id
    schedule.save(update_fields=["next_fire_at", "status", "last_fire_at", "last_run_id"])
    trigger.save(force_insert=True)
    _forget_old(trigger)
    return trigger


@transaction.atomic
def run_schedule_now(schedule_id: str) -> ScheduleTrigger:
    """Start a run as the schedule would, paused or not; its next fire stays where it is.

    Raises what starting the run raises, and then nothing was noted.
    """
    schedule = find_schedule(schedule_id, lock=True)
    now = clock().now()
    while schedule.triggers.filter(run_id=run_id_of(schedule, now)).exists():
        now += 1
    trigger = _trigger(schedule, now, now, ScheduleTrigger.MANUAL)
    _start(schedule, trigger.run_id, execution=None)
    trigger.save(force_insert=True)
    note_of_schedule(schedule, "run_schedule", run=trigger.run_id)
    return trigger


def run_id_of(schedule: Schedule, moment: int) -> str:
    """The id of the run of a fire: the same for whoever has it."""
    return f"sched_{schedule.id}_{moment}"


def _trigger(schedule: Schedule, scheduled: int, now: int, kind: str) -> ScheduleTrigger:
    return ScheduleTrigger(
        schedule=schedule,
        run_id=run_id_of(schedule, scheduled),
        scheduled_at=from_ms(scheduled),
        fired_at=from_ms(now),
        kind=kind,
        outcome=ScheduleTrigger.PUBLISHED,
    )


def _try_start(schedule: Schedule, trigger: ScheduleTrigger) -> None:
    """Start the run; what keeps it from starting is noted, and the schedule goes on."""
    actor = Actor(None, "schedule", details={"schedule": schedule.id})
    try:
        with transaction.atomic(), acting(actor):
            _start(schedule, trigger.run_id, execution="background")
    except (OperationalError, InterfaceError):
        raise  # the database's trouble, and not the run's
    except Exception as error:
        logger.log(
            logging.WARNING if isinstance(error, RunsError) else logging.ERROR,
            "Schedule %s could not start its run: %s",
            schedule.id,
            error,
            exc_info=not isinstance(error, RunsError),
        )
        trigger.outcome, trigger.run_id = ScheduleTrigger.FAILED, ""
        trigger.error = str(error)


def _start(schedule: Schedule, run_id: str, *, execution: str | None) -> None:
    workflow = registry.get_workflow(schedule.workflow_id)
    run = calls.create_run(
        workflow, run_id=run_id, resource_id=schedule.resource_id, execution=execution
    )
    calls.start_async(
        run,
        {} if schedule.input_data is None else schedule.input_data,
        initial_state=schedule.initial_state,
        request_context=schedule.request_context,
    )


def _move_on(schedule: Schedule, now: int) -> None:
    try:
        schedule.next_fire_at = from_ms(Cron(schedule.cron, schedule.timezone).after(now))
    except InvalidSchedule as error:
        # It was valid when it was stored: this machine knows other time zones.
        logger.error("Schedule %s is paused: %s", schedule.id, error)
        schedule.status, schedule.next_fire_at = PAUSED, None


def _forget_old(trigger: ScheduleTrigger) -> None:
    """Now and then, drop notes that nobody will read any more."""
    if trigger.id.int % 100:
        return
    notes = ScheduleTrigger.objects.filter(schedule=trigger.schedule_id)
    oldest = notes.order_by("-fired_at").values_list("fired_at", flat=True)[HISTORY:][:1]
    for moment in oldest:
        notes.filter(fired_at__lte=moment).delete()
