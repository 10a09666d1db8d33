"""What is done to many runs at once, after a page that says to how many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse

from runs import operations
from runs.access import without_payloads
from runs.admin.reading import caller_of
from runs.definition.registry import get_workflow
from runs.engine.journal import ACTIVE, FINAL
from runs.exceptions import RequestError, WorkflowNotFound
from runs.models import Run

#: Runs that one request changes or writes out; more are done in several goes.
LIMIT = 1000

Act = Callable[[Run], object]


@admin.action(description="Cancel selected runs", permissions=["cancel_run"])
def cancel(model_admin: Any, request: HttpRequest, runs: QuerySet[Run]) -> HttpResponse | None:
    open_runs = runs.exclude(status__in=FINAL)
    says = "Nothing of them starts any more; steps that run see their abort signal."
    return _confirmed(model_admin, request, runs, open_runs, "cancel", says, operations.cancel)


@admin.action(description="Restart selected runs", permissions=["restart_run"])
def restart(model_admin: Any, request: HttpRequest, runs: QuerySet[Run]) -> HttpResponse | None:
    active = runs.filter(status__in=ACTIVE)
    says = "They go on from what was recorded last. Those that somebody works on are left alone."
    again = operations.restart_async
    return _confirmed(model_admin, request, runs, active, "restart", says, again)


@admin.action(description="Export selected runs as JSON", permissions=["view_run"])
def export(model_admin: Any, request: HttpRequest, runs: QuerySet[Run]) -> HttpResponse:
    """Their records as the API gives them; without data for who may not see it."""
    records = [_record(run) for run in runs[:LIMIT]]
    if not caller_of(request).may("view_payload"):
        records = [without_payloads(record) for record in records]
    answer = JsonResponse({"runs": records}, json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = 'attachment; filename="runs.json"'
    return answer


def _record(run: Run) -> dict[str, Any]:
    try:
        workflow = get_workflow(run.workflow_id)
    except WorkflowNotFound:
        gone = "its workflow is not part of this code"
        return {"workflowName": run.workflow_id, "runId": run.run_id, "unreadable": gone}
    return operations.get_workflow_run_by_id(workflow, run.run_id) or {}


def _confirmed(
    model_admin: Any,
    request: HttpRequest,
    chosen: QuerySet[Run],
    fitting: QuerySet[Run],
    verb: str,
    says: str,
    act: Act,
) -> HttpResponse | None:
    """Ask first; then do it to each by itself, and tell what could not be done."""
    if request.POST.get("confirmed") == verb:
        _do(model_admin, request, fitting[:LIMIT], verb, act)
        return None
    listed = list(fitting[:LIMIT])
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{verb.capitalize()} {len(listed)} runs?",
        "opts": model_admin.model._meta,
        "verb": verb,
        "says": says,
        "listed": listed[:20],
        "count": len(listed),
        "left_alone": chosen.count() - len(listed),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across", "0"),
        "checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "runs/admin/confirm.html", context)


def _do(model_admin: Any, request: HttpRequest, runs: QuerySet[Run], verb: str, act: Act) -> None:
    done, refused = 0, []
    with caller_of(request).acting(request.POST.get("reason", "").strip()):
        for run in runs:
            try:
                act(run)
            except RequestError as error:
                refused.append(f"{run.run_id}: {error}")
                continue
            done += 1
            model_admin.log_change(request, run, f"{verb.capitalize()} asked for.")
    messages.success(request, f"{done} runs: {verb} was asked for.")
    for text in refused[:10]:
        messages.warning(request, text)
    if len(refused) > 10:
        messages.warning(request, f"... and {len(refused) - 10} more were refused.")
