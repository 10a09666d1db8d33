"""Reading runs in the shapes that Mastra's clients see."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from runs.definition.workflow import Workflow
from runs.engine import path as paths
from runs.engine import snapshots
from runs.engine.journal import Journal
from runs.exceptions import RequestError, RunNotFound
from runs.models import Run
from runs.models.fields import to_ms
from runs.operations.acting import note
from runs.operations.calls import bound
from runs.store import journals, lease, lines, news

Json = Any


def find_run(workflow_id: str, run_id: str) -> Run:
    """The run of that id; raises RunNotFound."""
    run = Run.objects.filter(workflow_id=workflow_id, run_id=run_id).first()
    if run is None:
        raise RunNotFound(run_id=run_id, workflow_id=workflow_id)
    return run


def list_cursor() -> str:
    """The moment up to which a list that is read next is known to be complete.

    Take it before the list is read, and follow the list from there (``/ws/runs/?cursor=``).
    """
    return str(news.cursor())


def get_workflow_run_by_id(
    workflow: Workflow,
    run_id: str,
    *,
    fields: list[str] | None = None,
    with_nested_workflows: bool = True,
) -> dict[str, Json] | None:
    """The record of a run, or None. ``fields`` limits it to some members (``snapshots.FIELDS``).

    A nested workflow's is found by its own id and the run id of its parent.
    """
    found = _journal_of(workflow, run_id)
    if found is None:
        return None
    run, journal, scope = found
    shown = _identity(run, workflow.id)
    if scope != paths.ROOT:
        shown["status"] = snapshots.snapshot(journal, scope)["status"]
    record = snapshots.run_record(
        journal, scope, fields=fields, with_nested_workflows=with_nested_workflows
    )
    if not fields or "serializedStepGraph" in fields:
        record["serializedStepGraph"] = workflow.serialized_step_graph
    return shown | record


def load_snapshot(workflow: Workflow, run_id: str) -> dict[str, Json] | None:
    """The stored state of a run in Mastra's form, or None.

    A nested workflow's is found by its own id and the run id of its parent.
    """
    found = _journal_of(workflow, run_id)
    if found is None:
        return None
    run, journal, scope = found
    return snapshots.snapshot(journal, scope) | {
        "serializedStepGraph": workflow.serialized_step_graph,
        "timestamp": to_ms(run.updated_at),
    }


def _journal_of(workflow: Workflow, run_id: str) -> tuple[Run, Journal, str] | None:
    """The run and its journal; for a nested workflow those of the parent, and where it is."""
    run = Run.objects.filter(workflow_id=workflow.id, run_id=run_id).first()
    if run is not None:
        return run, journals.load(bound(run, workflow, None)), paths.ROOT
    for parent in Run.objects.filter(run_id=run_id):
        journal = journals.load(parent)
        for (_, step_id), path in journal.latest.items():
            if step_id == workflow.id:
                return parent, journal, path
    return None


def _identity(run: Run, workflow_id: str) -> dict[str, Json]:
    return {
        "runId": run.run_id,
        "workflowName": workflow_id,
        "resourceId": run.resource_id,
        "createdAt": iso(run.created_at),
        "updatedAt": iso(run.updated_at),
        "status": run.status,
    }


def iso(moment: datetime) -> str:
    """A moment as JavaScript writes it: UTC, with milliseconds and ``Z``."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def list_workflow_runs(
    workflow: Workflow,
    *,
    status: str | None = None,
    resource_id: str | None = None,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
    before: datetime | None = None,
    among: QuerySet[Run] | None = None,
    page: int | None = None,
    per_page: int | None = None,
) -> dict[str, Json]:
    """``{"runs": [...], "total": n}``, newest first; ``total`` counts all that match.

    ``page`` counts from 0; without ``per_page`` all are returned. ``to_date`` counts as within,
    ``before`` does not. Only runs ``among`` those given are listed.
    """
    if per_page is not None and per_page < 1:
        raise RequestError("perPage must be a positive integer")
    if page is not None and page < 0:
        raise RequestError("page must be a non-negative integer")
    wanted = {
        "status": status,
        "resource_id": resource_id,
        "created_at__gte": from_date,
        "created_at__lte": to_date,
        "created_at__lt": before,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    runs = (Run.objects.all() if among is None else among).filter(workflow_id=workflow.id, **given)
    total = runs.order_by().count()
    found = list(runs) if per_page is None else _page(runs, total, (page or 0) * per_page, per_page)
    known = journals.load_many(found)
    return {"runs": [_listed(run, known[run.pk], workflow) for run in found], "total": total}


def _page(runs: QuerySet[Run], total: int, at: int, size: int) -> list[Run]:
    """Runs number ``at`` and on, newest first.

    They are counted off by their keys, which the indexes hold, and from the nearer end.
    """
    if at >= total:
        return []
    end = min(at + size, total)
    if at <= total // 2:
        keys = list(runs.order_by("-created_at", "-pk").values_list("pk", flat=True)[at:end])
    else:
        oldest = runs.order_by("created_at", "pk").values_list("pk", flat=True)
        keys = list(oldest[total - end : total - at])
    return list(Run.objects.filter(pk__in=keys).order_by("-created_at", "-pk"))


def _listed(run: Run, journal: Journal, workflow: Workflow) -> dict[str, Json]:
    shown = snapshots.snapshot(journal)
    shown |= {
        "serializedStepGraph": workflow.serialized_step_graph,
        "timestamp": to_ms(run.updated_at),
    }
    identity = _identity(run, workflow.id)
    del identity["status"]
    return identity | {"snapshot": shown}


def delete_workflow_run_by_id(workflow: Workflow, run_id: str) -> None:
    """Delete a run with all it recorded; raises RunNotFound."""
    delete_run(find_run(workflow.id, run_id))


def delete_run(run: Run) -> None:
    """Delete a run with all it recorded, also one whose workflow no code defines any more."""
    with transaction.atomic():
        note(run, "delete")
        run.delete()
        if run.limit_key is not None:
            lines.move_up([run.limit_key], lease.now_ms())
