"""The page of a run, and the pieces of it that the live script asks for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from runs.exceptions import NotFound, PermissionDenied
from runs.store import journals
from runs.ui.pages import page, render
from runs.ui.run import diff
from runs.ui.run.context import context_of, log_of, record_of
from runs.ui.run.inspector import VALUES
from runs.ui.run.subject import Subject, attempt_of, subject

Json = Any

#: The pieces of the page that are always there, by the name of their template.
PIECES = ("header", "inspector")


@require_GET
@page
def run(request: HttpRequest, workflow_id: str, run_id: str) -> HttpResponse:
    """The whole page as it is now; a script keeps it so."""
    about = subject(request, workflow_id, run_id)
    return render(request, "runs/ui/run/page.html", context_of(request, about))


@require_GET
@page
def live(request: HttpRequest, workflow_id: str, run_id: str) -> HttpResponse:
    """The same page in pieces, by the same templates, with the number of the next event."""
    about = subject(request, workflow_id, run_id)
    context = context_of(request, about, only_live=True)
    pieces = [*PIECES, *(name for name in ("timeline",) if name in context)]
    return JsonResponse(
        {
            "next": about.next,
            "time": about.now,
            "status": about.status,
            "attempts": about.run.attempt,
            "selected": context["selected"],
            "nodes": {path: asdict(mark) for path, mark in context["marks"].items()},
            "pieces": {
                name: render_to_string(f"runs/ui/run/{name}.html", context, request)
                for name in pieces
            },
        }
    )


@require_GET
@page
def events(request: HttpRequest, workflow_id: str, run_id: str) -> HttpResponse:
    """A stretch of the event log, as lines."""
    about = subject(request, workflow_id, run_id)
    found = log_of(request, about)
    response = render(request, "runs/ui/run/lines.html", {"log": found, "run": about.run})
    response["X-Total"] = str(found.total)
    return response


@require_GET
@page
def value(request: HttpRequest, workflow_id: str, run_id: str, name: str) -> HttpResponse:
    """A value to download: of an entry, or the whole record of the run."""
    about = subject(request, workflow_id, run_id)
    if not about.may_view_payload:
        raise PermissionDenied(
            "This needs the permission runs.view_payload", permission="view_payload"
        )
    body = orjson.dumps(_value(request, about, name), option=orjson.OPT_INDENT_2)
    response = HttpResponse(body, content_type="application/json")
    stem = slugify(f"{about.run.workflow_id}-{about.run.run_id}-{name}") or "value"
    response["Content-Disposition"] = f'attachment; filename="{stem}.json"'
    return response


def _value(request: HttpRequest, about: Subject, name: str) -> Json:
    if name == "record":
        return record_of(about)
    path = request.GET.get("step", "")
    entry = journals.load_entries(about.run.pk, about.attempt, [path]).get(path)
    if name not in VALUES or entry is None:
        raise NotFound(f"There is no {name} of {path!r} in this run")
    return VALUES[name](entry)


@require_GET
@page
def compare(request: HttpRequest, workflow_id: str, run_id: str) -> HttpResponse:
    """Two attempts side by side; by default the current one and the one before it."""
    about = subject(request, workflow_id, run_id)
    last = about.run.attempt
    a = attempt_of(request, "a", about.run, max(last - 1, 1))
    b = attempt_of(request, "b", about.run, last)
    found = diff.compare(about.run, a, b, may_view=about.may_view_payload)
    context = {
        "about": about,
        "run": about.run,
        "a": a,
        "b": b,
        "numbers": range(1, last + 1),
        "comparison": found,
        "only_changes": request.GET.get("same") == "hide",
    }
    return render(request, "runs/ui/run/diff.html", context)
