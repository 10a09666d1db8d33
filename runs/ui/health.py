"""The page on how the installation is: workers, what is due, lag."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from runs.operations.installation import COUNT_LIMIT, installation
from runs.ui.live_list import live_list
from runs.ui.pages import page, render


@require_safe
@page
def health(request: HttpRequest) -> HttpResponse:
    live = live_list()
    context = {"live": live, "found": installation(timezone.now()), "limit": COUNT_LIMIT}
    return render(request, "runs/ui/health.html", context)
