"""Runs in the admin: to be found, looked at, and steered by buttons."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs import operations, shown
from runs.admin import bulk, retention, steering
from runs.admin.hierarchy import FastChangeList
from runs.admin.reading import ReadOnlyAdmin, caller_of, json_html
from runs.admin.run_parts import (
    SCRIPTS,
    AttemptPart,
    AuditPart,
    EventPart,
    StepPart,
    StuckFilter,
    because_html,
    followed,
    status_html,
    took,
)
from runs.models import Run
from runs.operations.because import because_of


class RunList(FastChangeList):
    """Looks up for the page's runs, at once, why each is where it is."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        lines = because_of(self.result_list)
        for run in self.result_list:
            run.because_line = lines[run.pk].text


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("status_shown", "run_id", "workflow", "because", "resource_id", "began", "took")
    list_display_links = ("run_id",)
    list_filter = ("status", StuckFilter, "workflow")
    list_select_related = ("workflow",)
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    search_fields = ("run_id",)  # its box appears; what it does is below
    search_help_text = "Beginning of a run id or resource id, or an idempotency key"
    inlines = (AttemptPart, StepPart, EventPart, AuditPart)
    actions = (bulk.cancel, bulk.restart, bulk.export)
    change_list_template = "admin/runs/run/change_list.html"
    change_form_template = "admin/runs/run/change_form.html"
    fieldsets = (
        (None, {"fields": ("status_shown", "because", "page", "error_message", "result")}),
        ("About", {"fields": ("workflow", "version", "run_id", "resource_id", "started_by")}),
        ("When", {"fields": ("created_at", "started_at", "ended_at", "took", "updated_at")}),
        ("Who works on it", {"fields": ("lease_owner", "due", "fence", "recoveries")}),
    )

    class Media:
        css = {"all": ("runs/admin.css",)}
        js = SCRIPTS

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = set() if caller_of(request).may("view_payload") else {"result"}
        return [
            (title, {"fields": [name for name in part["fields"] if name not in hidden]})
            for title, part in self.fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _, part in self.fieldsets for name in part["fields"]]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[FastChangeList]:
        return RunList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return followed(caller_of(request).visible(super().get_queryset(request)))

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        begins = Q(run_id__startswith=text) | Q(resource_id__startswith=text)
        keyed = Run.objects.filter(keys__key=text).values("pk")
        return queryset.filter(begins | Q(pk__in=keyed)), False

    def get_urls(self) -> list[URLPattern]:
        start = self.admin_site.admin_view(self.start)
        prune = self.admin_site.admin_view(self.prune)
        ours = [
            path("prune/", prune, name="runs_run_prune"),
            path("<path:object_id>/start/", start, name="runs_run_start"),
        ]
        return [*ours, *super().get_urls()]

    def prune(self, request: HttpRequest) -> HttpResponse:
        return retention.prune(self, request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        caller = caller_of(request)
        may_prune = caller.may("delete_run") and caller.resource_ids is None
        return super().changelist_view(request, {**(extra_context or {}), "may_prune": may_prune})

    def start(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return steering.start(self, request, object_id)

    def has_cancel_run_permission(self, request: HttpRequest) -> bool:
        return caller_of(request).may("cancel_run")

    def has_restart_run_permission(self, request: HttpRequest) -> bool:
        return caller_of(request).may("restart_run")

    def has_view_run_permission(self, request: HttpRequest) -> bool:
        return caller_of(request).may("view_run")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        run = self.get_object(request, str(object_id)) if object_id else None
        offered = steering.offered(caller_of(request), run) if run is not None else []
        context = {**(extra_context or {}), "buttons": offered, "run": run}
        return super().changeform_view(request, object_id, form_url, context)

    # --- columns ------------------------------------------------------------------------------

    @admin.display(description="status", ordering="status")
    def status_shown(self, run: Run) -> SafeString:
        return status_html(run)

    @admin.display(description="because")
    def because(self, run: Run) -> SafeString:
        line = getattr(run, "because_line", None)
        return because_html(run, because_of([run])[run.pk].text if line is None else line)

    @admin.display(description="began", ordering="created_at")
    def began(self, run: Run) -> SafeString:
        return shown.moment_html(run.started_at or run.created_at)

    @admin.display(description="took")
    def took(self, run: Run) -> SafeString:
        return format_html('<span data-runs-took="{}">{}</span>', run, took(run))

    @admin.display(description="result")
    def result(self, run: Run) -> SafeString | str:
        if not run.is_finished:
            return shown.NOTHING
        return json_html(operations.attempt_outcome(run, run.attempt).result)

    @admin.display(description="due")
    def due(self, run: Run) -> SafeString:
        return shown.moment_html(run.due_at)

    @admin.display(description="page")
    def page(self, run: Run) -> SafeString | str:
        url = steering.page_of(run)
        if url is None:
            return shown.NOTHING
        return format_html('<a href="{}">graph, timeline and events, live</a>', url)
