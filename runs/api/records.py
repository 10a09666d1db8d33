"""The record of one run."""

from __future__ import annotations

from typing import Any

from runs import operations
from runs.api.bodies import RecordQuery
from runs.definition import registry
from runs.engine.journal import Status
from runs.exceptions import RunNotFound
from runs.models import Run

Json = Any


def record_of(run: Run, query: RecordQuery) -> dict[str, Json]:
    record = operations.get_workflow_run_by_id(
        registry.get_workflow(run.workflow_id),
        run.run_id,
        fields=query.fields,
        with_nested_workflows=query.with_nested_workflows,
    )
    if record is None:
        raise RunNotFound
    if record["status"] == Status.SUSPENDED and "steps" in record:
        record["steps"] = _with_suspended_parents(record["steps"])
    return record


def _with_suspended_parents(steps: dict[str, Json]) -> dict[str, Json]:
    """Show a nested workflow that waits for an answer inside as suspended, not as running."""
    waiting = {id for id, step in steps.items() if step.get("status") == Status.SUSPENDED}
    parents = {id[:at] for id in waiting for at in range(len(id)) if id[at] == "."}
    return {
        id: step | {"status": Status.SUSPENDED.value}
        if id in parents and step.get("status") == Status.RUNNING
        else step
        for id, step in steps.items()
    }
