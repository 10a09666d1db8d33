"""The list of workflows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from runs.definition import Workflow as Definition
from runs.definition import registry
from runs.models import Run, Schedule, Workflow
from runs.operations.figures import Figures, figures
from runs.ui.graph.nodes import GraphNode, read_graph
from runs.ui.live_list import live_list
from runs.ui.pages import caller_of, page, render


@dataclass(frozen=True)
class Row:
    """One workflow of the list; ``is_gone`` when only its runs are left."""

    id: str
    description: str
    steps: int | None
    figures: Figures
    crons: tuple[str, ...]
    is_gone: bool = False


@require_safe
@page
def workflows(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("text", "").strip()
    live = live_list()
    caller = caller_of(request)
    known = figures(caller.visible(Run.objects.all()), timezone.now())
    rows = list(listed(known, caller.visible(Schedule.objects.filter(status="active"))))
    shown = [row for row in rows if text.lower() in f"{row.id} {row.description}".lower()]
    context = {
        "live": live,
        "rows": shown,
        "total": len(rows),
        "text": text,
        "sample": SAMPLE_CODE,
    }
    return render(request, "runs/ui/workflows.html", context)


def listed(known: Mapping[str, Figures], schedules: QuerySet[Schedule]) -> Iterator[Row]:
    """The workflows that this process defines and those of which runs are left, by id."""
    defined = registry.all_workflows()
    stored = {row.pk: row for row in Workflow.objects.all()}
    crons = _crons(schedules)
    for id in sorted(defined.keys() | (stored.keys() & known.keys()), key=str.lower):
        found = defined.get(id)
        yield Row(
            id=id,
            description=stored[id].description if found is None else found.description,
            steps=None if found is None else steps_of(found),
            figures=known.get(id) or Figures(),
            crons=tuple(crons.get(id, ())),
            is_gone=found is None,
        )


def _crons(schedules: QuerySet[Schedule]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for workflow_id, cron in schedules.values_list("workflow", "cron"):
        found.setdefault(workflow_id, []).append(cron)
    return found


def steps_of(workflow: Definition) -> int:
    return count_steps(read_graph(workflow.serialized_step_graph))


def count_steps(nodes: Iterable[GraphNode]) -> int:
    """Everything that leaves a record of its own, inside nested workflows too."""
    recorded = ("step", "mapping", "sleep", "sleepUntil")
    return sum(node.kind in recorded for top in nodes for node in top.walk())


SAMPLE_CODE = """\
from runs import create_step, create_workflow

@create_step
def price(ctx):
    return {"total": ctx.input_data["quantity"] * 60}

@create_step
def approve(ctx):
    if ctx.resume_data is None:
        return ctx.suspend({"question": "Spend it?"})
    return ctx.resume_data

order = create_workflow("order").then(price).then(approve).commit()
"""
