"""What may be done to a run from its page in the admin.

Answering, canceling, restarting and time travel have pages of their own, with forms and previews:
the buttons lead there, and back. A pending run is started here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse

from runs import operations
from runs.access import Caller
from runs.admin.reading import caller_of
from runs.definition.registry import get_workflow
from runs.engine.journal import ACTIVE, FINAL, Status
from runs.exceptions import RequestError, WorkflowNotFound
from runs.forms import SchemaForm
from runs.models import Run


@dataclass(frozen=True, slots=True)
class Verb:
    """A button: its name, the permission behind it, and when it makes sense."""

    name: str
    permission: str
    page: str
    statuses: frozenset[str]


_ANY = frozenset(status.value for status in Status)
VERBS = (
    Verb("Start", "start_run", "", frozenset({Status.PENDING.value})),
    Verb("Answer", "resume_run", "runs:run-answer", frozenset({Status.SUSPENDED.value})),
    Verb("Cancel", "cancel_run", "runs:run-cancel", _ANY - {one.value for one in FINAL}),
    Verb("Restart", "restart_run", "runs:run-restart", frozenset(one.value for one in ACTIVE)),
    Verb(
        "Time travel",
        "time_travel_run",
        "runs:run-travel",
        _ANY - {one.value for one in ACTIVE} - {Status.PENDING.value},
    ),
)


@dataclass(frozen=True, slots=True)
class Button:
    name: str
    url: str


def offered(caller: Caller, run: Run) -> list[Button]:
    """The buttons of a run's page, for somebody who may press them."""
    fitting = [
        verb for verb in VERBS if run.status in verb.statuses and caller.may(verb.permission)
    ]
    buttons = ((verb.name, _url(verb, run)) for verb in fitting)
    return [Button(name, url) for name, url in buttons if url is not None]


def page_of(run: Run) -> str | None:
    """The run's own page; None in an installation without pages."""
    return _reverse("runs:run", run)


def _url(verb: Verb, run: Run) -> str | None:
    if not verb.page:
        return reverse("admin:runs_run_start", args=[run.pk])
    url = _reverse(verb.page, run)
    back = urlencode({"next": reverse("admin:runs_run_change", args=[run.pk])})
    return None if url is None else f"{url}?{back}"


def _reverse(name: str, run: Run) -> str | None:
    try:
        return reverse(name, args=[run.workflow_id, run.run_id])
    except NoReverseMatch:
        return None


def start(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """The form that a pending run starts with, made from its workflow's input schema."""
    run = model_admin.get_object(request, object_id)
    if run is None:
        raise Http404
    if not caller_of(request).may("start_run"):
        raise PermissionDenied
    try:
        workflow = get_workflow(run.workflow_id)
    except WorkflowNotFound as error:
        messages.error(request, f"{error.message}: {run.workflow_id}")
        return redirect("admin:runs_run_change", run.pk)
    schema = workflow.input_schema
    shape = schema.json_schema if schema is not None else None
    form = SchemaForm(shape)
    if request.method == "POST":
        form = SchemaForm.posted(shape, request.POST)
        if form.check(schema) and (done := _start(model_admin, request, run, form)):
            return done
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"Start {run}",
        "opts": model_admin.model._meta,
        "original": run,
        "form": form,
    }
    return TemplateResponse(request, "runs/admin/start.html", context)


def _start(
    model_admin: Any, request: HttpRequest, run: Run, form: SchemaForm
) -> HttpResponse | None:
    try:
        with caller_of(request).acting(request.POST.get("reason", "").strip()):
            operations.start_async(run, form.json_value)
    except RequestError as error:
        messages.error(request, str(error))
        return None
    model_admin.log_change(request, run, "Started.")
    messages.success(request, f"Run {run.run_id} was started.")
    return redirect("admin:runs_run_change", run.pk)
