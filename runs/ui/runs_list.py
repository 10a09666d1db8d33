"""The list of runs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from runs.definition import registry
from runs.models import Run, Workflow
from runs.models.run import STATUSES
from runs.operations.listing import COUNT_LIMIT, counts_by_status, page_of
from runs.ui.filters import PERIODS, Filters
from runs.ui.live_list import LiveList, live_list
from runs.ui.pages import caller_of, page, render
from runs.ui.rows import run_rows


@require_safe
@page
def runs(request: HttpRequest) -> HttpResponse:
    filters = Filters.of(request)
    live = _live(filters, is_first="page" not in request.GET)
    seen = caller_of(request).visible(Run.objects.all())
    found = page_of(filters.wanted().among(seen), cursor=request.GET.get("page", ""))
    chips = list(filters.chips())
    context = {
        "live": live,
        "filters": filters,
        "chips": chips,
        "counters": _counters(filters, seen),
        "rows": run_rows(found.runs),
        "page": found,
        "oldest": found.runs[-1].created_at if found.older else None,
        "periods": [(name, words) for name, (words, _) in PERIODS.items()],
        "workflows": _workflow_ids(),
        "is_filtered": bool(chips),
        "first_workflow": next(iter(registry.all_workflows()), ""),
    }
    return render(request, "runs/ui/runs.html", context)


def _live(filters: Filters, is_first: bool) -> LiveList:
    others = filters.text or filters.since or filters.until or filters.mine
    return live_list(
        workflow_ids=filters.workflows,
        statuses=filters.statuses,
        resource_id=filters.resource,
        is_whole=is_first and not others,
    )


def _counters(filters: Filters, seen: QuerySet[Run]) -> list[dict[str, Any]]:
    """How many there are of each status, whatever statuses are shown."""
    counts = counts_by_status(filters.wanted(with_status=False).among(seen))
    return [
        {
            "status": status.value,
            "number": counts[status.value],
            "limit": COUNT_LIMIT,
            "url": filters.with_status(status.value),
            "is_on": status.value in filters.statuses,
        }
        for status in STATUSES
        if counts[status.value] or status.value in filters.statuses
    ]


def _workflow_ids() -> list[str]:
    stored = Workflow.objects.values_list("pk", flat=True)
    return sorted({*registry.all_workflows(), *stored}, key=str.lower)
