"""Workflows and their versions: written by the processes that know their code."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs.admin.reading import ReadOnlyAdmin
from runs.models import Workflow, WorkflowVersion


@admin.register(Workflow)
class WorkflowAdmin(ReadOnlyAdmin):
    list_display = ("id", "description", "its_runs")
    search_fields = ("id", "description")
    ordering = ("id",)
    open_payloads = ("metadata",)

    @admin.display(description="runs")
    def its_runs(self, workflow: Workflow) -> SafeString:
        url = reverse("admin:runs_run_changelist")
        return format_html('<a href="{}?workflow__id__exact={}">runs</a>', url, workflow.pk)


@admin.register(WorkflowVersion)
class WorkflowVersionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "workflow", "created_at")
    list_filter = ("workflow",)
    ordering = ("-created_at",)
    open_payloads = ("graph", "schemas", "info")
