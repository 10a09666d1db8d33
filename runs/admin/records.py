"""The tables that are written by runs themselves: to be looked at when nothing else explains it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from runs.admin.reading import ReadOnlyAdmin, caller_of, moment
from runs.models import (
    AuditEntry,
    MemberTask,
    RunEvent,
    RunKey,
    ScheduleTrigger,
    StepSnapshot,
    WebhookDelivery,
    WorkerProcess,
)


class OfRunAdmin(ReadOnlyAdmin):
    """Rows that belong to a run, the youngest first."""

    list_select_related = ("run",)
    ordering = ("-pk",)
    search_fields = ("run__run_id__startswith",)
    search_help_text = "Beginning of a run id"
    of_run = "run__"


@admin.register(StepSnapshot)
class StepSnapshotAdmin(OfRunAdmin):
    list_display = (
        "path_or_run",
        "run",
        "attempt",
        "kind",
        "status",
        "tries",
        moment("started_at", "began"),
        moment("ended_at", "ended"),
    )
    list_filter = ("kind", "status")

    @admin.display(description="path", ordering="path")
    def path_or_run(self, step: StepSnapshot) -> str:
        return step.path or "(the run)"


@admin.register(RunEvent)
class RunEventAdmin(OfRunAdmin):
    list_display = ("seq", "type", "run", "path", "attempt", moment("at", "at"))
    list_filter = ("type",)


@admin.register(MemberTask)
class MemberTaskAdmin(OfRunAdmin):
    """Distributed steps that some worker has, is to take, or has reported on."""

    list_display = ("path", "turn", "run", "attempt", "worker", moment("due_at", "due"))


@admin.register(RunKey)
class RunKeyAdmin(ReadOnlyAdmin):
    list_display = ("key", "workflow", "run", "attempt", "created_at")
    list_select_related = ("run", "workflow")
    ordering = ("-pk",)
    search_fields = ("key__startswith",)
    of_run = "run__"


@admin.register(ScheduleTrigger)
class ScheduleTriggerAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "kind", "outcome", "run_id", moment("fired_at", "fired"))
    list_filter = ("outcome", "kind")
    search_fields = ("schedule__id__startswith",)
    of_run = "schedule__"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """What was, or is to be, sent where. It names its run but has no key to it, nor to its
    resource: a user who is kept to some resources sees none."""

    list_display = (
        "event",
        "workflow_id",
        "run_id",
        "url",
        "status",
        "tries",
        moment("created_at", "made"),
    )
    list_filter = ("status", "event")
    ordering = ("-created_at", "-id")
    search_fields = ("run_id__startswith",)
    open_payloads = ("log",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        unrestricted = caller_of(request).resource_ids is None
        return unrestricted and super().has_view_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        may = caller_of(request).may("view_payload")
        fields = super().get_fields(request, obj)
        return fields if may else [name for name in fields if name != "body"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Rows of deleted runs stay; a restricted user sees those of runs that are there."""

    list_display = ("at", "action", "subject", "actor_name", "source", "reason")
    list_filter = ("action", "source")
    date_hierarchy = "at"
    ordering = ("-pk",)
    search_fields = ("subject__startswith", "actor_name__startswith")
    open_payloads = ("details",)
    of_run = "run__"


@admin.register(WorkerProcess)
class WorkerProcessAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "host", "pid", "driving", "slots", "started_at", "seen_at")
    ordering = ("-seen_at",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_view_permission(self, request, obj)
