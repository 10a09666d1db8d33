"""The list of runs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from runs.models import Run
from runs.operations.listing import page_of
from runs.ui.pages import caller_of, page, render


@page
def runs(request: HttpRequest) -> HttpResponse:
    found = page_of(caller_of(request).visible(Run.objects.all()))
    return render(request, "runs/ui/runs.html", {"page": found})
