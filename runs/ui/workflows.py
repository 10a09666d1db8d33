"""The list of workflows, and one workflow."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from runs.ui.pages import page, render


@page
def workflows(request: HttpRequest) -> HttpResponse:
    return render(request, "runs/ui/workflows.html")


@page
def workflow(request: HttpRequest, workflow_id: str) -> HttpResponse:
    return render(request, "runs/ui/workflow.html", {"workflow_id": workflow_id})
