"""Schedules, and what became of each of their fires."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone as times

from runs.models.fields import MomentField, PayloadField
from runs.models.workflow import Workflow

ACTIVE, PAUSED = "active", "paused"


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def due(self, moment: datetime) -> ScheduleQuerySet:
        return self.filter(status=ACTIVE, next_fire_at__lte=moment)


class Schedule(models.Model):
    """When a workflow starts by itself, and with what.

    ``next_fire_at`` is worked out when the schedule is made, resumed or fires; whoever moves it on
    has the fire. A paused one keeps it and does not fire.
    """

    id = models.CharField(primary_key=True, max_length=200)
    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="schedules")
    cron = models.CharField(max_length=200)
    timezone = models.CharField(max_length=100, blank=True, default="")
    status = models.CharField(
        max_length=10, choices=[(ACTIVE, ACTIVE), (PAUSED, PAUSED)], default=ACTIVE
    )
    input_data = PayloadField()
    initial_state = PayloadField()
    request_context = PayloadField()
    metadata = PayloadField()
    resource_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    #: What becomes of fires that come too late: "once" or "skip".
    missed = models.CharField(
        max_length=10, choices=[("once", "once"), ("skip", "skip")], default="once"
    )
    #: Null when the expression has no fire in the future any more.
    next_fire_at = MomentField(null=True, blank=True)
    last_fire_at = MomentField(null=True, blank=True)
    #: By id, not by key: a run may be deleted, the schedule still tells which it was.
    last_run_id = models.CharField(max_length=200, blank=True, default="")
    #: The declaration in code that it was made from; null if somebody made it by hand.
    declared = PayloadField()
    #: Whether somebody changed a declared one: then its declaration does not change it any more.
    edited = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=times.now)
    updated_at = models.DateTimeField(default=times.now)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        permissions = [("manage_schedule", "Can create, change and run schedules")]
        indexes = (
            # The sweep: what is due now.
            models.Index(fields=["status", "next_fire_at"], name="runs_schedule_due"),
        )

    def __str__(self) -> str:
        return self.id


class ScheduleTrigger(models.Model):
    """One fire: when it was to be, when it was, and what came of it."""

    FIRE, MANUAL = "schedule-fire", "manual"
    PUBLISHED, SKIPPED, FAILED = "published", "skipped", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="triggers")
    #: By id, not by key: runs are deleted without asking here.
    run_id = models.CharField(max_length=200, blank=True, default="")
    scheduled_at = MomentField()
    fired_at = MomentField()
    outcome = models.CharField(
        max_length=10, choices=[(text, text) for text in (PUBLISHED, SKIPPED, FAILED)]
    )
    kind = models.CharField(max_length=20, choices=[(text, text) for text in (FIRE, MANUAL)])
    error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("-fired_at", "-id")
        constraints = (
            # However many schedulers there are, a moment of a schedule fires once.
            models.UniqueConstraint(
                fields=["schedule", "scheduled_at", "kind"], name="runs_trigger_unique_moment"
            ),
        )
        indexes = (
            # The history of one schedule, newest first.
            models.Index(fields=["schedule", "-fired_at"], name="runs_trigger_newest"),
        )

    def __str__(self) -> str:
        return f"{self.schedule_id} at {self.scheduled_at:%Y-%m-%d %H:%M:%S}: {self.outcome}"
