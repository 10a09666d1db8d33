"""Parts of a run's page in the admin, and the filters of its list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet, Value
from django.forms import Script
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs import shown
from runs.admin.reading import ReadOnly, json_html, moment
from runs.engine.journal import ACTIVE
from runs.models import Attempt, AuditEntry, Run, RunEvent, StepSnapshot
from runs.store import news

#: Rows of a part; the run's own page shows all of them.
SHOWN = 50
#: What keeps statuses live. They look for them in the page, so the page has to be there first.
SCRIPTS = (Script("runs/live.js", defer=True), Script("runs/admin.js", defer=True))
#: A run that should be worked on and is not, for so long, is stuck.
STUCK = timedelta(minutes=1)


def run_of(request: HttpRequest) -> Run | None:
    """The run whose page this is; a part is asked for its rows without being told."""
    match = request.resolver_match
    pk = match.kwargs.get("object_id") if match is not None else None
    return Run.objects.filter(pk=pk).first() if pk and str(pk).isdecimal() else None


class Part(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of a run, read-only; ``rows`` says which few of them."""

    extra = 0
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> Any:
        run = run_of(request)
        rows = super().get_queryset(request)
        return rows.none() if run is None else self.rows(rows.filter(run=run), run)

    def rows(self, rows: Any, run: Run) -> Any:
        return rows


class AttemptPart(Part):
    model = Attempt
    verbose_name_plural = "attempts"
    fields = ("attempt", "status", moment("started_at", "began"), "took", "failure")
    readonly_fields = fields
    show_change_link = False

    def rows(self, rows: Any, run: Run) -> Any:
        return rows.filter(path="", attempt__gt=run.attempt - SHOWN)

    @admin.display(description="took")
    def took(self, attempt: Attempt) -> str:
        return took(attempt)

    @admin.display(description="error")
    def failure(self, attempt: Attempt) -> str:
        return (attempt.error or {}).get("message", shown.NOTHING)


class StepPart(Part):
    model = StepSnapshot
    verbose_name_plural = f"steps of the current attempt (the last {SHOWN})"
    fields = ("path", "kind", "status", "tries", moment("started_at", "began"), "took")
    readonly_fields = fields

    def rows(self, rows: Any, run: Run) -> Any:
        steps = rows.filter(attempt=run.attempt).exclude(path="")
        last = steps.order_by("-begun").values_list("begun", flat=True).first() or 0
        return steps.filter(begun__gt=last - SHOWN).order_by("begun")

    @admin.display(description="took")
    def took(self, step: StepSnapshot) -> str:
        return took(step)


class EventPart(Part):
    model = RunEvent
    verbose_name_plural = f"the last {SHOWN} events"
    fields = ("seq", "type", "path", "attempt", moment("at", "at"))
    readonly_fields = fields

    def rows(self, rows: Any, run: Run) -> Any:
        last = rows.order_by("-seq").values_list("seq", flat=True).first() or 0
        return rows.filter(seq__gt=last - SHOWN).order_by("-seq")


class AuditPart(Part):
    model = AuditEntry
    verbose_name_plural = "who did what"
    fields = ("at", "action", "actor_name", "source", "reason", "said")
    readonly_fields = fields

    def rows(self, rows: Any, run: Run) -> Any:
        last = rows.order_by("-pk").values_list("pk", flat=True)[:SHOWN]
        return rows.filter(pk__in=list(last)).order_by("-pk")

    @admin.display(description="details")
    def said(self, entry: AuditEntry) -> SafeString | str:
        return json_html(entry.details)


class StuckFilter(admin.SimpleListFilter):
    """Runs that somebody should be working on, and nobody is."""

    title = "stuck"
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "nobody works on it")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "yes":
            return queryset
        overdue = Q(due_at__lt=timezone.now() - STUCK)
        return queryset.filter(overdue, status__in=ACTIVE)


def took(row: Run | StepSnapshot) -> str:
    if row.started_at is None or row.ended_at is None:
        return shown.NOTHING
    return shown.duration((row.ended_at - row.started_at).total_seconds())


def followed(runs: QuerySet[Run]) -> QuerySet[Run]:
    """The runs, each with the moment from which on the page is to be told what becomes of it."""
    return runs.annotate(read_at=Value(str(news.cursor())))


def status_html(run: Run) -> SafeString:
    """A status as word and icon; the script of live statuses finds it by its run."""
    return format_html(
        '<span class="runs-status" data-status="{0}" data-runs-run="{1}" data-runs-cursor="{2}">'
        "<span>{0}</span></span>",
        run.status,
        run,
        getattr(run, "read_at", ""),
    )


def because_html(run: Run, text: str) -> SafeString:
    return format_html('<span data-runs-because="{}">{}</span>', run, text)
