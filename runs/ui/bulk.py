"""Canceling many runs: first what would happen, then what happened, run by run."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from runs.access import Caller
from runs.engine.journal import FINAL
from runs.exceptions import RunsError
from runs.models import Run
from runs.operations import cancel
from runs.ui.filters import Filters
from runs.ui.pages import caller_of, page, render, whole

#: Runs that one request cancels at most.
MOST = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    run: Run
    text: str
    is_error: bool = False
    #: By this very request, not before it.
    is_canceled: bool = False


@require_POST
@page
def cancel_runs(request: HttpRequest) -> HttpResponseBase:
    """Show what canceling the chosen runs means; with ``confirm``, do it."""
    caller = caller_of(request)
    caller.require("cancel_run")
    chosen = list(_chosen(request, caller).order_by("-created_at", "-pk")[: MOST + 1])
    if not chosen:
        return redirect(f"{reverse('runs:runs')}?{request.POST.get('filters', '')}")
    if "confirm" in request.POST:
        return _done(request, caller, chosen[:MOST])
    return _preview(request, chosen)


def _chosen(request: HttpRequest, caller: Caller) -> QuerySet[Run]:
    """The runs that were ticked, or all that fit the filters and are not finished."""
    seen = caller.visible(Run.objects.all())
    if "all" in request.POST:
        filters = Filters(QueryDict(request.POST.get("filters", "")), request.user.pk)
        return filters.wanted().among(seen).exclude(status__in=FINAL)
    picked = map(whole, request.POST.getlist("pick"))
    return seen.filter(pk__in=[pk for pk in picked if pk is not None])


def _preview(request: HttpRequest, chosen: list[Run]) -> HttpResponse:
    open_runs = [run for run in chosen[:MOST] if not run.is_finished]
    context = {
        "open_runs": open_runs,
        "finished": len(chosen[:MOST]) - len(open_runs),
        "running": sum(run.status == "running" for run in open_runs),
        "more": len(chosen) > MOST,
        "most": MOST,
        "filters": request.POST.get("filters", ""),
    }
    return render(request, "runs/ui/cancel_runs.html", context)


def _done(request: HttpRequest, caller: Caller, chosen: list[Run]) -> HttpResponse:
    with caller.acting(reason=request.POST.get("reason", "").strip()[:1000]):
        outcomes = [_canceled(run) for run in chosen]
    context = {
        "outcomes": outcomes,
        "canceled": sum(one.is_canceled for one in outcomes),
        "filters": request.POST.get("filters", ""),
    }
    return render(request, "runs/ui/canceled_runs.html", context)


def _canceled(run: Run) -> Outcome:
    """Each run by itself: what one of them refuses stops none of the others."""
    before = run.status
    try:
        cancel(run)
    except (RunsError, Run.DoesNotExist) as error:
        return Outcome(run, str(error) or "It is gone", is_error=True)
    if run.status == "canceled" and before != "canceled":
        return Outcome(run, f"was {before}", is_canceled=True)
    return Outcome(run, "had ended before; left as it is")
