"""Schedules: when workflows start by themselves, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from runs.access import Caller
from runs.definition import registry
from runs.exceptions import RequestError, ScheduleNotFound
from runs.forms import SchemaForm
from runs.models import Run, Schedule
from runs.operations import schedules as acts
from runs.operations.firing import run_schedule_now
from runs.ui.live_list import live_list
from runs.ui.pages import caller_of, page, render, run_url

#: Fires shown of one schedule.
HISTORY = 50
_DONE = {"pause": "It is paused.", "resume": "It fires again.", "delete": "It is deleted."}


@require_http_methods(["GET", "HEAD", "POST"])
@page
def schedules(request: HttpRequest) -> HttpResponseBase:
    caller = caller_of(request)
    form = NewSchedule(request)
    if request.method == "POST":
        caller.require("manage_schedule")
        if form.create(caller):
            messages.success(request, "The schedule is made.")
            return redirect("runs:schedules")
    live = live_list()
    listed = list(_seen(caller).select_related("workflow"))
    runs = _last_runs(caller, listed)
    context = {
        "live": live,
        "rows": [(one, runs.get((one.workflow_id, one.last_run_id))) for one in listed],
        "form": form,
    }
    refused = form.was_posted and not form.input.is_rearranged
    return render(request, "runs/ui/schedules.html", context, status=422 if refused else 200)


class NewSchedule:
    """The form of a new schedule; its input is that of the workflow that was chosen."""

    def __init__(self, request: HttpRequest) -> None:
        self.was_posted = request.method == "POST"
        data = request.POST if self.was_posted else request.GET
        self.workflows = sorted(registry.all_workflows(), key=str.lower)
        self.workflow_id = data.get("workflow", "")
        self.cron = data.get("cron", "").strip()
        self.timezone = data.get("timezone", "").strip()
        self.resource_id = data.get("resource_id", "").strip()
        self.error = ""
        found = registry.all_workflows().get(self.workflow_id)
        self.schema = None if found is None else found.input_schema
        shape = None if self.schema is None else self.schema.json_schema
        self.input = (
            SchemaForm.posted(shape, request.POST, title="Input")
            if self.was_posted and "input.__mode" in request.POST
            else SchemaForm(shape, title="Input")
        )

    @property
    def is_chosen(self) -> bool:
        return self.workflow_id in self.workflows

    def create(self, caller: Caller) -> bool:
        if not self.is_chosen or not self.input.check(self.schema):
            return False
        try:
            with caller.acting():
                acts.create_schedule(
                    self.workflow_id,
                    cron=self.cron,
                    timezone=self.timezone,
                    input_data=self.input.json_value,
                    resource_id=caller.resource_for(self.resource_id or None),
                )
        except RequestError as error:
            self.error = error.message
            return False
        return True


@require_http_methods(["GET", "HEAD", "POST"])
@page
def schedule(request: HttpRequest, schedule_id: str) -> HttpResponseBase:
    caller = caller_of(request)
    found = _seen(caller).select_related("workflow").filter(pk=schedule_id).first()
    if found is None:
        raise ScheduleNotFound(schedule_id=schedule_id)
    if request.method == "POST":
        caller.require("manage_schedule")
        return _act(request, caller, found)
    return _history(request, caller, found)


def _act(request: HttpRequest, caller: Caller, found: Schedule) -> HttpResponseBase:
    act = request.POST.get("act", "")
    try:
        with caller.acting():
            _perform(request, act, found)
    except RequestError as error:
        messages.error(request, error.message)
        return redirect("runs:schedule", found.pk)
    return redirect("runs:schedules") if act == "delete" else redirect("runs:schedule", found.pk)


def _perform(request: HttpRequest, act: str, found: Schedule) -> None:
    match act:
        case "pause":
            acts.pause_schedule(found.pk)
        case "resume":
            acts.resume_schedule(found.pk)
        case "delete":
            acts.delete_schedule(found.pk)
        case "run":
            trigger = run_schedule_now(found.pk)
            run = Run(workflow_id=found.workflow_id, run_id=trigger.run_id)
            text = '<a class="inline" href="{}">{}</a> was started.'
            messages.success(request, format_html(text, run_url(run), run.run_id))
            return
        case _:
            raise RequestError(f"There is no act {act!r}")
    messages.success(request, _DONE[act])


def _history(request: HttpRequest, caller: Caller, found: Schedule) -> HttpResponse:
    live = live_list(workflow_ids=[found.workflow_id])
    triggers = list(found.triggers.all()[:HISTORY])
    ids = {trigger.run_id for trigger in triggers if trigger.run_id}
    seen = caller.visible(Run.objects.filter(workflow_id=found.workflow_id, run_id__in=ids))
    runs = {run.run_id: run for run in seen}
    context: dict[str, Any] = {
        "live": live,
        "schedule": found,
        "triggers": [(trigger, runs.get(trigger.run_id)) for trigger in triggers],
    }
    return render(request, "runs/ui/schedule.html", context)


def _seen(caller: Caller) -> QuerySet[Schedule]:
    return caller.visible(Schedule.objects.all())


def _last_runs(caller: Caller, listed: list[Schedule]) -> dict[tuple[str, str], Run]:
    ids = {one.last_run_id for one in listed if one.last_run_id}
    runs = caller.visible(Run.objects.filter(run_id__in=ids))
    return {(run.workflow_id, run.run_id): run for run in runs}
