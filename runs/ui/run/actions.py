"""What people do to a run: each is a page with a form, and a script shows that as a dialog.

Everything goes through ``operations`` in the caller's name, so it is permitted, checked and
written to the trail there; what is refused comes back on the same page, with what was typed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from runs import operations
from runs.exceptions import NotFound, RequestError, RunsError
from runs.ui.pages import back_from, page, render
from runs.ui.run import answering, inspector, travelling
from runs.ui.run.answering import AnswerForm
from runs.ui.run.rows import Row
from runs.ui.run.subject import Subject, subject

#: Characters of a reason that are kept.
REASON_ROOM = 500

Handler = Callable[[HttpRequest, Subject], HttpResponse]


def act(permission: str) -> Callable[[Handler], Callable[..., Any]]:
    """A view of an action: the run is found, the caller may do it, GET asks and POST does."""

    def decorate(handler: Handler) -> Callable[..., Any]:
        @require_http_methods(["GET", "POST"])
        @page
        @wraps(handler)
        def view(request: HttpRequest, workflow_id: str, run_id: str) -> HttpResponse:
            about = subject(request, workflow_id, run_id)
            about.caller.require(permission)
            return handler(request, about)

        return view

    return decorate


def reason_of(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:REASON_ROOM]


def _ask(
    request: HttpRequest, about: Subject, name: str, error: RunsError | None = None, **more: Any
) -> HttpResponse:
    status = more.pop("status", 200) if error is None else error.status
    context = {
        "about": about,
        "run": about.run,
        "error": error,
        "reason": request.POST.get("reason", ""),
        "back": back_from(request),
        **more,
    }
    return render(request, f"runs/ui/run/{name}.html", context, status=status)


def _done(request: HttpRequest, about: Subject, text: str) -> HttpResponse:
    """Back to where the form was opened, which may be the admin; else to the run."""
    return _leave(request, text, back_from(request) or about.url())


def _leave(request: HttpRequest, text: str, url: str) -> HttpResponse:
    messages.success(request, text)
    if "X-Dialog" in request.headers:
        # A script that is redirected gets the page there, and with it the message, seen by nobody.
        return JsonResponse({"url": url})
    return redirect(url)


# --- plain ones --------------------------------------------------------------------------------


@act("cancel_run")
def cancel(request: HttpRequest, about: Subject) -> HttpResponse:
    going = [row for row in about.rows if row.is_going and not row.is_container and row.path]
    if request.method == "GET":
        return _ask(request, about, "cancel", going=going)
    with about.caller.acting(reason_of(request)):
        operations.cancel(about.run)
    return _done(request, about, "Canceled. Nothing of it starts any more.")


@act("restart_run")
def restart(request: HttpRequest, about: Subject) -> HttpResponse:
    if request.method == "GET":
        return _ask(request, about, "restart")
    try:
        with about.caller.acting(reason_of(request)):
            operations.restart_async(about.bound())
    except RequestError as error:
        return _ask(request, about, "restart", error)
    return _done(request, about, "Goes on from what was recorded last.")


@act("delete_run")
def delete(request: HttpRequest, about: Subject) -> HttpResponse:
    if request.method == "GET":
        return _ask(request, about, "delete", events=about.next)
    if not about.can_delete:
        return _ask(request, about, "delete", RequestError("Cancel the run before deleting it"))
    with about.caller.acting(reason_of(request)):
        operations.delete_run(about.run)
    return _leave(request, f"Run {about.run.run_id} was deleted.", reverse("runs:runs"))


# --- answering ---------------------------------------------------------------------------------


@act("resume_run")
def answer(request: HttpRequest, about: Subject) -> HttpResponse:
    """The answer to one suspended step, named by ``step``."""
    row = _step(request, about)
    if row is None:
        raise NotFound("This run has no such step")
    if request.method == "GET":
        return _ask_answer(request, about, row)
    form = answering.form_of(about, row, request.POST)
    if not form.fields.is_valid:
        return _ask_answer(request, about, row, form, status=400)
    try:
        answering.check_same(request.POST, row)
        answering.answer(about, row, form.fields.json_value, reason_of(request))
    except RequestError as error:
        return _ask_answer(request, about, row, form, error)
    return _done(request, about, f"{row.step_id} was answered.")


def _ask_answer(
    request: HttpRequest,
    about: Subject,
    row: Row,
    form: AnswerForm | None = None,
    error: RequestError | None = None,
    status: int = 200,
) -> HttpResponse:
    may_view = about.may_view_payload
    found = inspector.inspect(about.run, about.attempt, row, about.rows, may_view=may_view)
    if form is None and about.may_answer(row):
        form = answering.form_of(about, row)
    context = {"row": row, "inspector": found, "answer": form, "status": status}
    return _ask(request, about, "answer", error, **context)


def _step(request: HttpRequest, about: Subject) -> Row | None:
    wanted = request.POST.get("step") or request.GET.get("step")
    if wanted is None:
        return next((row for row in about.rows if about.may_answer(row)), None)
    return inspector.choose(about.rows, wanted)


# --- time travel -------------------------------------------------------------------------------


@act("time_travel_run")
def travel(request: HttpRequest, about: Subject) -> HttpResponse:
    """Run again from a step on: which step, with which input, and what that would do."""
    form = travelling.form_of(request, about)
    if request.method == "GET" or not form.is_ready:
        return _ask(request, about, "travel", form.error, form=form)
    try:
        with about.caller.acting(reason_of(request)):
            operations.time_travel_async(about.bound(), form.target, **form.options)
    except RequestError as error:
        return _ask(request, about, "travel", error, form=form)
    about.run.refresh_from_db()
    return _done(request, about, f"Attempt {about.run.attempt} runs again from {form.step}.")
