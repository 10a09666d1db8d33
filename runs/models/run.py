"""One row a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from runs.conf import conf
from runs.engine.journal import ACTIVE, FINAL, Status
from runs.models.attempt import Attempt
from runs.models.calls import RunCalls
from runs.models.fields import MomentField, PayloadField
from runs.models.workflow import Workflow, WorkflowVersion

STATUSES = (
    Status.PENDING,
    Status.RUNNING,
    Status.WAITING,
    Status.SUSPENDED,
    Status.PAUSED,
    Status.SUCCESS,
    Status.FAILED,
    Status.TRIPWIRE,
    Status.CANCELED,
)


class RunQuerySet(models.QuerySet["Run"]):
    def active(self) -> RunQuerySet:
        """Runs somebody works on, or will when their time has come."""
        return self.filter(status__in=ACTIVE)

    def finished(self) -> RunQuerySet:
        return self.filter(status__in=FINAL)

    def suspended(self) -> RunQuerySet:
        """Runs that wait for an answer."""
        return self.filter(status=Status.SUSPENDED)

    def due(self, moment: datetime | None) -> RunQuerySet:
        """Runs to be taken up: just started, woken by a timer, or of a worker that is gone."""
        return self.filter(due_at__lte=moment)

    def claimable(self, moment: datetime | None) -> RunQuerySet:
        """Due runs that a worker may take by itself; those that lost theirs only by RECOVERY."""
        due = self.due(moment)
        return due if conf.RECOVERY else due.filter(lease_owner="")


class Run(RunCalls, models.Model):
    """A run of a workflow. Its methods (start, resume, ...) are those of ``runs.operations``.

    ``due_at`` is when somebody should look at it: at once after start or resume, when a timer fires
    while it waits, when the lease ends while a worker has it; null while nothing is to be done.
    ``fence`` counts the times it was taken up; a write with an older number changes nothing.
    """

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="runs", db_index=False)
    version = models.ForeignKey(WorkflowVersion, models.PROTECT, null=True, related_name="runs")
    run_id = models.CharField(max_length=200)
    resource_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    status = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in STATUSES], default=Status.PENDING.value
    )
    attempt = models.PositiveIntegerField(default=1)
    request_context = PayloadField(default=dict)
    #: Who is told of it beside those whom its workflow names.
    webhooks = PayloadField()
    #: The call that made it go last: kind, number, whether for one step, and where it began.
    execution = PayloadField()
    #: Ids that earlier attempts and executions list in stepExecutionPath.
    #: When cancelling was asked for; what is going on then may still end.
    canceled_at = MomentField(null=True, blank=True)
    error_message = models.TextField(blank=True, default="")
    due_at = MomentField(null=True, blank=True)
    lease_owner = models.CharField(max_length=200, blank=True, default="")
    fence = models.PositiveIntegerField(default=0)
    recoveries = models.PositiveIntegerField(default=0)
    #: Runs of a higher priority are taken up first.
    priority = models.SmallIntegerField(default=0)
    #: The line a limited run stands in or has a place of, and the limit of that line.
    limit_key = models.CharField(max_length=400, null=True, blank=True)  # noqa: DJ001
    limit_size = models.PositiveIntegerField(null=True, blank=True)
    #: Since when it stands in its line; null while it does not.
    queued_at = MomentField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    #: Where this object's calls execute: "inline", "background" or None for the setting.
    execution_mode: str | None = None
    #: The idempotency key this object was created under; its start is made under it, too.
    idempotency_key: str | None = None

    class Meta:
        ordering = ("-created_at", "-id")
        # Beside Django's own (view_run, delete_run, ...): one for each thing to do with a run.
        permissions = (
            ("start_run", "Can create and start runs"),
            ("resume_run", "Can answer suspended runs"),
            ("cancel_run", "Can cancel runs"),
            ("restart_run", "Can restart runs"),
            ("time_travel_run", "Can take runs back in time"),
            ("view_payload", "Can see what runs and steps hold"),
        )
        constraints = (
            # Finding a run by the id its client chose, and refusing a second one.
            models.UniqueConstraint(fields=["workflow", "run_id"], name="runs_run_unique_id"),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in STATUSES]), name="runs_run_status_known"
            ),
        )
        indexes = (
            # The sweep: what is due now, by priority. Most runs are finished and not in it.
            models.Index(
                fields=["-priority", "due_at"],
                name="runs_run_due",
                condition=Q(due_at__isnull=False),
            ),
            # The places that are taken in a line, and what is due of it.
            models.Index(
                fields=["limit_key", "due_at"],
                name="runs_run_limited",
                condition=Q(limit_key__isnull=False, due_at__isnull=False),
            ),
            # Who stands in a line, the first one first.
            models.Index(
                fields=["limit_key", "-priority", "queued_at"],
                name="runs_run_line",
                condition=Q(queued_at__isnull=False),
            ),
            # Heartbeat: all leases of one worker.
            models.Index(
                fields=["lease_owner"], name="runs_run_lease", condition=~Q(lease_owner="")
            ),
            # Lists of one workflow's runs, newest first, all or of one status. With the key at
            # their end, a list's pages are counted off in the index alone.
            models.Index(fields=["workflow", "created_at", "id"], name="runs_run_newest"),
            models.Index(
                fields=["workflow", "status", "created_at", "id"], name="runs_run_by_status"
            ),
            # Lists of all runs, newest first, whole or of one status.
            models.Index(fields=["-created_at"], name="runs_run_all_newest"),
            models.Index(fields=["status", "-created_at"], name="runs_run_all_by_status"),
            # Runs of one workflow and resource, newest first: what a tenant lists.
            models.Index(
                fields=["workflow", "resource_id", "created_at", "id"], name="runs_run_of_tenant"
            ),
            # Runs of one resource (tenant, user), newest first.
            models.Index(fields=["resource_id", "-created_at"], name="runs_run_by_resource"),
        )

    def __str__(self) -> str:
        return f"{self.workflow_id}/{self.run_id}"

    @property
    def attempts(self) -> models.QuerySet[Attempt]:
        """All attempts, oldest first; the current one is ``attempts.last()``."""
        return Attempt.objects.filter(run=self)

    @property
    def is_going_on(self) -> bool:
        """Whether somebody works on it, or will; also on a canceled one whose bodies still run."""
        return self.status in ACTIVE or bool(self.lease_owner)

    @property
    def is_finished(self) -> bool:
        return self.status in FINAL

    def watch(self, callback: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        """Call ``callback`` with each event of this process's executions of the run.

        Returns a function that ends it. Events are ``{type, payload}``; there is a
        workflow-step-finish after each result, and no start or finish of the run itself.
        """
        from runs import operations

        return operations.watch(self, callback)
