"""Deleting old runs: first it is said how many, then they go, batch by batch."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from runs.admin.reading import caller_of
from runs.exceptions import RequestError
from runs.models import Workflow
from runs.operations import pruning
from runs.store.pruning import Pruned

#: One request works no longer than this; what is left then is said, and can go in the next.
PATIENCE_SECONDS = 10.0


class PruneForm(forms.Form):
    """Which runs are old enough to go."""

    days = forms.IntegerField(label="Unchanged for days", initial=90, min_value=1, max_value=36_500)
    statuses = forms.MultipleChoiceField(
        choices=[(status, status) for status in pruning.FINISHED],
        initial=list(pruning.FINISHED),
        widget=forms.CheckboxSelectMultiple,
    )
    workflow = forms.ModelChoiceField(
        queryset=Workflow.objects.all(), required=False, empty_label="all workflows"
    )

    @property
    def condition(self) -> Any:
        said = self.cleaned_data
        workflows = [said["workflow"].pk] if said["workflow"] else []
        return pruning.condition(timedelta(days=said["days"]), said["statuses"], workflows)


def prune(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Asks with figures; deletes when ``confirmed`` is posted. Only for who sees all runs."""
    caller = caller_of(request)
    if not caller.may("delete_run") or caller.resource_ids is not None:
        raise PermissionDenied
    form = PruneForm(request.POST if request.method == "POST" else None)
    counted: Pruned | None = None
    if form.is_valid():
        try:
            if "confirmed" in request.POST:
                return _delete(request, form)
            counted = pruning.count_prunable(form.condition)
        except RequestError as error:
            form.add_error(None, error.message)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Delete old runs",
        "opts": model_admin.model._meta,
        "form": form,
        "counted": counted,
        "lines": sorted(counted.runs.items()) if counted else [],
    }
    return TemplateResponse(request, "runs/admin/prune.html", context)


def _delete(request: HttpRequest, form: PruneForm) -> HttpResponse:
    done = Pruned()
    deadline = time.monotonic() + PATIENCE_SECONDS
    with caller_of(request).acting():
        for batch in pruning.prune_runs(form.condition):
            done.add(batch)
            if time.monotonic() > deadline:
                messages.warning(request, "There may be more: the time of one request is over.")
                break
    messages.success(request, f"{done.total} runs were deleted with all they recorded.")
    return redirect("admin:runs_run_changelist")
