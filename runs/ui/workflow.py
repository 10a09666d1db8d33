"""One workflow: its graph, the form that starts it, its last runs."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from runs.definition import registry
from runs.ui.graph import read_graph, render_graph, render_tree
from runs.ui.pages import page, render


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
    return f"?step={quote(path)}"
