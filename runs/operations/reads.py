"""Reading runs in the shapes that Mastra's clients see."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from runs.definition.workflow import Workflow
from runs.engine import path as paths
from runs.engine import snapshots
from runs.engine.journal import Journal
from runs.exceptions import RequestError, RunNotFound
from runs.models import Run
from runs.models.fields import to_ms
from runs.operations.acting import note
from runs.operations.calls import bound
from runs.store import journals, lease, lines, news, tally

Json = Any
_EARLIEST, _LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


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
            entry = journal.entries[path]
            if step_id == workflow.id and snapshots.counts_as_run(journal, entry):
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
    resource_ids: Collection[str] | None = None,
    page: int | None = None,
    per_page: int | None = None,
) -> dict[str, Json]:
    """``{"runs": [...], "total": n}``, newest first; ``total`` counts all that match.

    ``page`` counts from 0; without ``per_page`` all are returned. ``to_date`` counts as within,
    ``before`` does not. Only runs of ``resource_ids`` are listed, where these are given.
    """
    if per_page is not None and per_page < 1:
        raise RequestError("perPage must be a positive integer")
    if page is not None and page < 0:
        raise RequestError("page must be a non-negative integer")
    if to_date is not None:
        just_after = clamped(to_date) + timedelta(microseconds=1)
        before = just_after if before is None else min(before, just_after)
    from_date, before = from_date and clamped(from_date), before and clamped(before)
    whose = _whose(resource_id, resource_ids)
    wanted = tally.Wanted(workflow.id, status, whose, since=from_date, before=before)
    total = tally.count(wanted)
    found = _found(wanted, page or 0, per_page) if total else []
    known = journals.load_many(found)
    return {"runs": [_listed(run, known[run.pk], workflow) for run in found], "total": total}


def clamped(moment: datetime) -> datetime:
    """The moment, or one as good: there is no calculating at the very ends of the calendar."""
    return min(max(moment, _EARLIEST), _LATEST)


def _whose(resource_id: str | None, allowed: Collection[str] | None) -> list[str] | None:
    """The resources whose runs are listed; None for all."""
    if resource_id is None:
        return None if allowed is None else sorted(allowed)
    return [resource_id] if allowed is None or resource_id in allowed else []


def _found(wanted: tally.Wanted, page: int, size: int | None) -> list[Run]:
    """A page is counted off by keys, which the indexes hold: only what is shown is read."""
    if size is None:
        return list(wanted.runs())
    keys = tally.keys(wanted, page * size, size)
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
