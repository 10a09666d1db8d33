"""The list of workflows, and one workflow."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from runs.definition import registry
from runs.ui.graph import read_graph, render_graph, render_tree
from runs.ui.pages import page, render


@page
def workflows(request: HttpRequest) -> HttpResponse:
    return render(
        request, "runs/ui/workflows.html", {"workflows": registry.all_workflows().values()}
    )


@page
def workflow(request: HttpRequest, workflow_id: str) -> HttpResponse:
    found = registry.get_workflow(workflow_id)
    nodes = read_graph(found.serialized_step_graph)
    selected = request.GET.get("step", "")
    drawn = render_graph(nodes, link=selecting, selected=selected)
    tree = render_tree(nodes, link=selecting, selected=selected)
    context = {"workflow": found, "graph": drawn, "tree": tree}
    return render(request, "runs/ui/workflow.html", context)


def selecting(path: str) -> str:
    from urllib.parse import quote

    return f"?step={quote(path)}"
