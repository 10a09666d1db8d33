"""Schedules: making, changing, pausing and removing them. ``firing`` has them fire.

What each function changes it changes with the row locked, so a fire at the same moment sees the
schedule as it was or as it is, and nothing in between.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone as times

from runs.definition import registry
from runs.definition.cron import Cron
from runs.definition.schedule import MISSED, slug
from runs.exceptions import (
    InvalidSchedule,
    RequestError,
    ScheduleDeclared,
    ScheduleExists,
    ScheduleNotFound,
    WorkflowNotFound,
)
from runs.models import Schedule
from runs.models.fields import from_ms
from runs.models.schedule import ACTIVE, PAUSED
from runs.operations.acting import note_of_schedule
from runs.operations.arguments import argument
from runs.store import catalog
from runs.worker.clock import clock

Json = Any
PREFIX = "schedule_"
MAX_ID_LENGTH = 150  # of 200: the id of each of its runs begins with it
MAX_CRON_LENGTH = MAX_TEXT_LENGTH = 200
_VALUES = ("input_data", "initial_state", "request_context", "metadata")
_CHANGEABLE = {*_VALUES, "cron", "timezone", "status", "resource_id", "missed"}


def create_schedule(
    workflow_id: str,
    *,
    cron: str,
    timezone: str = "",
    id: str | None = None,
    status: str = ACTIVE,
    **members: Json,
) -> Schedule:
    """A schedule that fires from now on.

    Members: ``input_data`` (``{}`` unless said), ``initial_state``, ``request_context``,
    ``metadata``, ``resource_id``, ``missed`` ("once" or "skip"). An id that is given gets the form
    ``schedule_<slug>``; ScheduleExists if it is taken.
    """
    next_fire_at = next_fire(cron, timezone)
    schedule = Schedule(
        id=_id_of(id),
        cron=cron,
        timezone=timezone,
        status=_status(status),
        next_fire_at=next_fire_at,
        **_checked(members),
    )
    with transaction.atomic():
        schedule.workflow_id = _stored_workflow(workflow_id)
        insert(schedule)
        note_of_schedule(schedule, "create_schedule")
    return schedule


def insert(schedule: Schedule) -> None:
    try:
        with transaction.atomic():
            schedule.save(force_insert=True)
    except IntegrityError:
        raise ScheduleExists(f'Schedule "{schedule.id}" already exists', id=schedule.id) from None


def find_schedule(schedule_id: str, *, lock: bool = False) -> Schedule:
    """The schedule of that id; raises ScheduleNotFound."""
    rows = Schedule.objects.select_for_update() if lock else Schedule.objects.all()
    schedule = rows.filter(pk=schedule_id).first() if _is_id(schedule_id) else None
    if schedule is None:
        raise ScheduleNotFound(id=schedule_id)
    return schedule


@transaction.atomic
def update_schedule(schedule_id: str, **changes: Json) -> Schedule:
    """Change a schedule. A new expression or time zone, or resuming it, counts from now.

    A schedule that is declared in code follows its declaration no more once it was changed here;
    pausing and resuming do not count as that.
    """
    schedule = find_schedule(schedule_id, lock=True)
    status = _status(changes.pop("status", schedule.status))
    if unknown := sorted(changes.keys() - _CHANGEABLE):
        raise RequestError(f"A schedule has no {unknown[0]!r} to change")
    timing = {name: changes.pop(name) for name in ("cron", "timezone") if name in changes}
    _assign(schedule, timing | _checked(changes))
    if timing or (status == ACTIVE and schedule.status != ACTIVE):
        schedule.next_fire_at = next_fire(schedule.cron, schedule.timezone)
    schedule.status = status
    schedule.edited = schedule.edited or bool(timing or changes)
    schedule.updated_at = times.now()
    schedule.save()
    about = {"changed": sorted(timing | changes) or None, "status": status}
    note_of_schedule(schedule, "change_schedule", **about)
    return schedule


def pause_schedule(schedule_id: str) -> Schedule:
    """Let a schedule fire no more; does nothing to a paused one."""
    return _with_status(schedule_id, PAUSED)


def resume_schedule(schedule_id: str) -> Schedule:
    """Let a paused schedule fire again, from now on; does nothing to an active one."""
    return _with_status(schedule_id, ACTIVE)


@transaction.atomic
def _with_status(schedule_id: str, status: str) -> Schedule:
    schedule = find_schedule(schedule_id, lock=True)
    return schedule if schedule.status == status else update_schedule(schedule_id, status=status)


@transaction.atomic
def delete_schedule(schedule_id: str) -> None:
    """Remove a schedule and its history; the runs it started stay."""
    schedule = find_schedule(schedule_id, lock=True)
    if schedule.declared is not None:
        raise ScheduleDeclared(id=schedule_id)
    note_of_schedule(schedule, "delete_schedule")
    schedule.delete()


def next_fire(cron: str, timezone: str) -> datetime | None:
    """When an expression fires next, from now; InvalidSchedule if it never does."""
    if not isinstance(cron, str) or not isinstance(timezone, str):
        raise InvalidSchedule("A cron expression and its timezone are text")
    if len(cron) > MAX_CRON_LENGTH:
        raise InvalidSchedule(f"A cron expression has at most {MAX_CRON_LENGTH} characters")
    moment = Cron(cron, timezone).after(clock().now())
    if moment is None:
        raise InvalidSchedule(f'Cron expression "{cron}" has no fire in the future', cron=cron)
    return from_ms(moment)


def _assign(schedule: Schedule, members: dict[str, Json]) -> None:
    for name, value in members.items():
        setattr(schedule, name, value)


def _checked(members: dict[str, Json]) -> dict[str, Json]:
    """The members of a schedule beside its timing, as they are stored."""
    if unknown := sorted(members.keys() - _CHANGEABLE):
        raise RequestError(f"A schedule has no {unknown[0]!r}")
    checked = {
        name: argument(value, name) if name in _VALUES else value for name, value in members.items()
    }
    for name in ("initial_state", "request_context", "metadata"):
        if not isinstance(checked.get(name), dict | None):
            raise RequestError(f"The {name} of a schedule is an object")
    if checked.get("missed", "once") not in MISSED:
        raise RequestError(f'missed is "skip" or "once", not {checked["missed"]!r}')
    resource_id = checked.get("resource_id")
    if resource_id is not None and not _is_id(resource_id):
        raise RequestError("A resource id is text of at most 200 characters, without NUL")
    return checked


def _is_id(value: Json) -> bool:
    """Whether a text can be the id of anything: PostgreSQL stores no NUL."""
    return isinstance(value, str) and len(value) <= MAX_TEXT_LENGTH and "\0" not in value


def _status(status: Json) -> str:
    if status not in (ACTIVE, PAUSED):
        raise RequestError(f'The status of a schedule is "active" or "paused", not {status!r}')
    return str(status)


def _id_of(given: str | None) -> str:
    if given is None:
        return f"{PREFIX}{uuid.uuid4()}"
    name = slug(given.strip().removeprefix(PREFIX))
    if not name:
        raise RequestError(f'id "{given}" has no letter or digit')
    if len(name) > MAX_ID_LENGTH:
        raise RequestError(f"A schedule's id has at most {MAX_ID_LENGTH} characters")
    return PREFIX + name


def _stored_workflow(workflow_id: str) -> str:
    """The workflow's id, once its row is there."""
    try:
        workflow = registry.get_workflow(workflow_id)
    except WorkflowNotFound:
        raise WorkflowNotFound(f'Workflow "{workflow_id}" not found') from None
    catalog.version_of(workflow)
    return workflow.id
