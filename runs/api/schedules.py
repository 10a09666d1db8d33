"""Schedules: made, changed, paused, run now, and their history.

A caller that is kept to some resources sees the schedules of these resources only, and makes no
others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from runs import operations
from runs.api.bodies import Query, Shape
from runs.api.schedule_bodies import (
    ChangeScheduleBody,
    CreateScheduleBody,
    SchedulesQuery,
    TriggersQuery,
)
from runs.api.view import RunsView, message
from runs.exceptions import ScheduleNotFound
from runs.models import Schedule
from runs.models.fields import from_ms, to_ms

Json = Any


class SchedulesBase(RunsView):
    tag = "schedules"

    def visible(self) -> QuerySet[Schedule]:
        """The schedules that the caller sees."""
        return self.caller.visible(Schedule.objects.all())

    def find(self, schedule_id: str) -> Schedule:
        """The schedule, unless there is none or the caller must not see it."""
        schedule = operations.find_schedule(schedule_id)
        if not self.caller.sees(schedule):
            raise ScheduleNotFound(id=schedule_id)
        return schedule

    def answer_with(self, schedule: Schedule) -> Response:
        return Response(self.shown(operations.shown_schedules([schedule])[0]))

    def answer_after(self, schedule_id: str, act: Callable[[str], Schedule]) -> Response:
        """Do something to a schedule that the caller may change, and answer with it."""
        self.caller.require("manage_schedule")
        schedule = self.find(schedule_id)
        with self.caller.acting():
            return self.answer_with(act(schedule.pk))


class SchedulesView(SchedulesBase):
    """Schedules, the oldest first."""

    summary = "List schedules"
    query: ClassVar[type[Query]] = SchedulesQuery
    answer = "Schedules"
    post_summary = "Create a schedule"
    post_query: ClassVar[type[Query]] = Query
    post_body: ClassVar[type[Shape]] = CreateScheduleBody
    post_answer = "Schedule"
    post_errors: ClassVar[tuple[int, ...]] = (404, 409)

    def get(self, request: Request) -> Response:
        self.caller.require("view_schedule")
        query, _ = self.read(request)
        wanted = {
            "workflow_id": query.workflow_id,
            "status": query.status,
            "resource_id": query.resource_id,
        }
        rows = self.visible().filter(**{name: text for name, text in wanted.items() if text})
        if query.agent_id or query.thread_id or query.name:
            rows = rows.none()  # those of agents, of which there are none
        return Response({"schedules": self.shown(operations.shown_schedules(list(rows)))})

    def post(self, request: Request) -> Response:
        """Makes a schedule that fires from now on. A given id becomes `schedule_<slug>`."""
        self.caller.require("manage_schedule")
        _, body = self.read(request)
        members = body.model_dump(exclude_none=True)
        members["resource_id"] = self.caller.resource_for(members.get("resource_id"))
        workflow_id = members.pop("workflow_id")
        with self.caller.acting():
            return self.answer_with(operations.create_schedule(workflow_id, **members))


class ScheduleView(SchedulesBase):
    """A schedule, with what became of its last run."""

    summary = "Show a schedule"
    answer = "Schedule"
    errors: ClassVar[tuple[int, ...]] = (404,)
    patch_summary = "Change a schedule"
    patch_body: ClassVar[type[Shape]] = ChangeScheduleBody
    delete_summary = "Delete a schedule"
    delete_answer = "Message"
    delete_errors: ClassVar[tuple[int, ...]] = (404, 409)

    def get(self, request: Request, schedule_id: str) -> Response:
        self.caller.require("view_schedule")
        return self.answer_with(self.find(schedule_id))

    def patch(self, request: Request, schedule_id: str) -> Response:
        """A new expression or time zone, or making it active again, counts from now."""
        self.caller.require("manage_schedule")
        _, body = self.read(request)
        changes = body.model_dump(exclude_none=True)
        self.find(schedule_id)
        if "resource_id" in changes:
            changes["resource_id"] = self.caller.resource_for(changes["resource_id"])
        return self.answer_after(schedule_id, lambda id: operations.update_schedule(id, **changes))

    def delete(self, request: Request, schedule_id: str) -> Response:
        """Deletes a schedule and its history. Its runs stay."""
        self.caller.require("manage_schedule")
        schedule = self.find(schedule_id)
        with self.caller.acting():
            operations.delete_schedule(schedule.pk)
        return message("Schedule deleted")


class PauseScheduleView(SchedulesBase):
    """Lets a schedule fire no more; nothing happens to one that is paused."""

    summary = "Pause a schedule"
    answer = "Schedule"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def post(self, request: Request, schedule_id: str) -> Response:
        return self.answer_after(schedule_id, operations.pause_schedule)


class ResumeScheduleView(SchedulesBase):
    """Lets a paused schedule fire again; its next fire is worked out from now."""

    summary = "Resume a schedule"
    answer = "Schedule"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def post(self, request: Request, schedule_id: str) -> Response:
        return self.answer_after(schedule_id, operations.resume_schedule)


class RunScheduleView(SchedulesBase):
    """Starts a run as the schedule would, paused or not. Its next fire stays where it is."""

    summary = "Run a schedule now"
    answer = "Fire"
    errors: ClassVar[tuple[int, ...]] = (404, 409)

    def post(self, request: Request, schedule_id: str) -> Response:
        self.caller.require("manage_schedule")
        schedule = self.find(schedule_id)
        with self.caller.acting():
            trigger = operations.run_schedule_now(schedule.pk)
        return Response(
            {
                "scheduleId": schedule.pk,
                "claimId": trigger.run_id,
                "scheduledFireAt": to_ms(trigger.scheduled_at),
            }
        )


class ScheduleTriggersView(SchedulesBase):
    """What became of a schedule's fires, newest first; none of a schedule that is not there."""

    summary = "List a schedule's fires"
    query: ClassVar[type[Query]] = TriggersQuery
    answer = "Triggers"

    def get(self, request: Request, schedule_id: str) -> Response:
        self.caller.require("view_schedule")
        query, _ = self.read(request)
        try:
            schedule = self.find(schedule_id)
        except ScheduleNotFound:
            return Response({"triggers": []})
        triggers = operations.schedule_triggers(
            schedule,
            limit=query.limit,
            from_fired_at=from_ms(query.from_actual_fire_at),
            to_fired_at=from_ms(query.to_actual_fire_at),
        )
        return Response({"triggers": self.shown(triggers)})
