"""One workflow: its graph, the form that starts it, its last runs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from runs.access import Caller
from runs.definition import Workflow as Definition
from runs.definition import registry
from runs.exceptions import WorkflowNotFound
from runs.models import Run, Schedule, Workflow, WorkflowVersion
from runs.operations.figures import Figures, figures, step_seconds
from runs.ui.calls import example, start_calls
from runs.ui.graph import read_graph, render_graph, render_tree
from runs.ui.graph.nodes import GraphNode
from runs.ui.live_list import live_list
from runs.ui.node_facts import node_facts
from runs.ui.pages import caller_of, page, render, run_url
from runs.ui.rows import run_rows
from runs.ui.start import StartForm, run_to_repeat
from runs.ui.workflows import count_steps

#: Runs listed below the graph.
RECENT = 10


@require_http_methods(["GET", "HEAD", "POST"])
@page
def workflow(request: HttpRequest, workflow_id: str) -> HttpResponseBase:
    caller = caller_of(request)
    found = registry.all_workflows().get(workflow_id)
    if found is None:
        return _gone(request, caller, workflow_id)
    if request.method == "POST":
        return _start(request, caller, found)
    return _show(
        request, caller, found, StartForm(found, like=run_to_repeat(request, found, caller))
    )


def _start(request: HttpRequest, caller: Caller, found: Definition) -> HttpResponseBase:
    caller.require("start_run")
    form = StartForm.posted(found, request.POST)
    run = form.start(caller)
    if run is None:
        refused = not (form.input.is_rearranged or form.state.is_rearranged)
        return _show(request, caller, found, form, status=422 if refused else 200)
    if "stay" not in request.POST:
        return redirect(run_url(run))
    messages.success(
        request,
        format_html('Started <a class="inline" href="{}">{}</a>', run_url(run), run.run_id),
    )
    return redirect(reverse("runs:workflow", args=[found.id]))


def _show(
    request: HttpRequest, caller: Caller, found: Definition, form: StartForm, status: int = 200
) -> HttpResponse:
    nodes = read_graph(found.serialized_step_graph)
    selected = request.GET.get("step", "")
    given = example(form.input.spec, form.input.value)
    base_url = f"{request.scheme}://{request.get_host()}"
    context = {
        "id": found.id,
        "description": found.description,
        "form": form,
        "facts": node_facts(found, nodes, selected) if selected else None,
        "calls": start_calls(found.id, given, base_url),
        "version": _version(found),
        "schedules": caller.visible(Schedule.objects.filter(workflow_id=found.id)).count(),
        **_drawn(nodes, selected),
        **_history(caller, found.id, nodes),
    }
    return render(request, "runs/ui/workflow.html", context, status=status)


def _gone(request: HttpRequest, caller: Caller, workflow_id: str) -> HttpResponse:
    """A workflow of which only runs are left: its last definition is drawn, nothing starts."""
    row = Workflow.objects.filter(pk=workflow_id).first()
    if row is None:
        raise WorkflowNotFound(workflow_id=workflow_id)
    version = WorkflowVersion.objects.filter(workflow=row).order_by("-created_at").first()
    nodes = read_graph(version.graph or ()) if version is not None else ()
    context = {
        "id": row.pk,
        "description": row.description,
        "version": {"name": version.fingerprint[:7], "since": version.created_at}
        if version
        else {},
        "is_gone": True,
        **_drawn(nodes, request.GET.get("step", "")),
        **_history(caller, row.pk, nodes),
    }
    return render(request, "runs/ui/workflow.html", context)


def _version(found: Definition) -> dict[str, Any]:
    known = WorkflowVersion.objects.filter(workflow_id=found.id, fingerprint=found.fingerprint)
    row = known.only("created_at").first()
    return {"name": found.fingerprint[:7], "since": row and row.created_at}


def _drawn(nodes: tuple[GraphNode, ...], selected: str) -> dict[str, Any]:
    return {
        "steps": count_steps(nodes),
        "graph": render_graph(nodes, link=_selecting, selected=selected),
        "tree": render_tree(nodes, link=_selecting, selected=selected),
    }


def _selecting(path: str) -> str:
    return f"?step={quote(path)}"


def _history(caller: Caller, workflow_id: str, nodes: tuple[GraphNode, ...]) -> dict[str, Any]:
    live = live_list(workflow_ids=[workflow_id])
    runs: QuerySet[Run] = caller.visible(Run.objects.filter(workflow_id=workflow_id))
    known = figures(runs, timezone.now()).get(workflow_id, Figures())
    recent = list(runs.order_by("-created_at", "-pk")[:RECENT])
    return {
        "live": live,
        "figures": known,
        "recent": run_rows(recent),
        "oldest": recent[-1].created_at if len(recent) == RECENT else None,
        "step_bars": step_bars(step_seconds(recent), nodes),
    }


def step_bars(seconds: dict[str, float], nodes: tuple[GraphNode, ...]) -> list[dict[str, Any]]:
    """How long each step took in the last runs at most, in the order of the graph."""
    longest = max(seconds.values(), default=0) or 1
    steps = [node for top in nodes for node in top.walk() if node.kind in ("step", "mapping")]
    return [
        {"name": node.label, "seconds": seconds[node.path], "share": seconds[node.path] / longest}
        for node in steps
        if node.path in seconds
    ]
