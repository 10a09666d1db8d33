"""A run as Mastra stores and shows it: its snapshot, and the record that clients read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runs.engine import path as paths
from runs.engine import records, result, suspensions
from runs.engine.journal import Entry, Journal, Kind, Status
from runs.exceptions import EmptyWorkflow, StepInputInvalid, StepRequestContextInvalid

Json = Any

#: Members of a run record that a caller may ask for, and get only then if it asks at all.
FIELDS = (
    "result",
    "error",
    "payload",
    "steps",
    "activeStepsPath",
    "serializedStepGraph",
    "suspendedPaths",
    "resumeLabels",
    "waitingPaths",
    "requestContext",
)


def _since(journal: Journal, status: Status) -> int:
    """After which moment what has suspended is shown.

    A run that waits, or was canceled while it did, shows all that it waits for; one that ended
    otherwise only what suspended in its last execution, beside what made it end.
    """
    return 0 if status in (Status.SUSPENDED, Status.CANCELED) else journal.execution.since


def snapshot(journal: Journal, scope: str = paths.ROOT) -> dict[str, Json]:
    """The stored form of a run, or of the nested workflow whose entry is at ``scope``."""
    entry = journal.entries.get(scope)
    inside = _inside_of(entry, scope)
    status = journal.status if scope == paths.ROOT or entry is None else entry.status
    begun = entry is None or has_begun(journal, entry)
    shown: dict[str, Json] = {
        "runId": journal.run_id,
        "status": _shown_status(status, entry) if begun else Status.PENDING.value,
        "value": (entry.state if entry and begun else None) or {},
        "context": _context(journal, inside, entry),
        "activePaths": _active_paths(journal, inside),
        "activeStepsPath": _positions(journal, inside, Status.RUNNING, Status.RESUMED),
        "suspendedPaths": _suspended_paths(journal, inside, status),
        "waitingPaths": {},
        "resumeLabels": suspensions.labels(journal, inside, _since(journal, status)),
    }
    if begun:
        shown["stepExecutionPath"] = result.execution_path(journal, inside)
    if entry is not None and begun:
        shown |= {"requestContext": dict(journal.request_context)} | _outcome(entry)
    return shown


def _inside_of(entry: Entry | None, scope: str) -> str:
    """Where the steps of the workflow at ``scope`` are: in its current try."""
    return scope if entry is None or not scope else paths.inner(scope, entry.tries + 1)


def has_begun(journal: Journal, entry: Entry) -> bool:
    """Whether a nested workflow got as far as a step; its state or ``on_start`` may forbid it."""
    if entry.path == paths.ROOT or entry.status is not Status.FAILED:
        return True
    inside = _inside_of(entry, entry.path)
    return any(where == inside for where, _ in journal.latest)


def counts_as_run(journal: Journal, entry: Entry) -> bool:
    """Whether a nested workflow is stored: one that its input kept from beginning never was."""
    code = (entry.error or {}).get("code")
    return has_begun(journal, entry) or code not in _REFUSED


_REFUSED = {StepInputInvalid.code, StepRequestContextInvalid.code, EmptyWorkflow.code}


def _shown_status(status: Status, entry: Entry | None) -> str:
    if entry is not None and entry.was_canceled:
        return Status.CANCELED.value
    if entry is not None and status is Status.FAILED and entry.tripwire is not None:
        return Status.TRIPWIRE.value
    return Status.SUCCESS.value if status is Status.BAILED else status.value


def _context(journal: Journal, scope: str, entry: Entry | None) -> dict[str, Json]:
    given = {} if entry is None or entry.input is None else {"input": entry.input}
    shown = records.steps(journal, scope)
    for step_id, record in shown.items():
        found = journal.latest_of(scope, step_id)
        if found is not None and found.kind is Kind.FOREACH:
            record |= _nested_runs(journal, found)
    return given | shown


def _nested_runs(journal: Journal, foreach: Entry) -> dict[str, Json]:
    """Which runs the workflows of a foreach's items count as."""
    found = records.nested_runs(journal, foreach)
    ids = [paths.nested_run_id(journal.run_id, item.path) for _, item in found]
    if not ids:
        return {}
    whole = foreach.status is Status.SUCCESS
    return {"metadata": {"nestedRunId": ids if whole else ids[0]}}


def _outcome(entry: Entry) -> dict[str, Json]:
    if entry.status is Status.SUCCESS and entry.output is not None:
        return {"result": entry.output}
    return {} if entry.error is None or entry.tripwire is not None else {"error": entry.error}


def _active_paths(journal: Journal, scope: str) -> list[int]:
    begun = [entry for entry in _entries(journal, scope) if entry.position]
    last = max(begun, key=lambda entry: entry.begun, default=None)
    return [] if last is None else list(last.position[:1])


def _positions(journal: Journal, scope: str, *statuses: Status) -> dict[str, list[int]]:
    return {
        entry.step_id: list(entry.position)
        for entry in _entries(journal, scope)
        if entry.status in statuses and not entry.taken
    }


def _suspended_paths(journal: Journal, scope: str, status: Status) -> dict[str, list[int]]:
    """Positions of what is suspended, also of what failed beside something suspended in it."""
    return {
        entry.step_id: list(entry.position)
        for entry in _entries(journal, scope)
        if entry.ended > _since(journal, status)
        and (suspensions.waits(entry) or suspensions.failed_beside(journal, entry))
    }


def _entries(journal: Journal, scope: str) -> Iterator[Entry]:
    for (where, _), path in journal.latest.items():
        if where == scope:
            yield journal.entries[path]


def run_record(
    journal: Journal,
    scope: str = paths.ROOT,
    *,
    fields: list[str] | None = None,
    with_nested_workflows: bool = True,
) -> dict[str, Json]:
    """The members of a run record that its journal gives; ``fields`` keeps only those named.

    ``scope`` is where the entry of the workflow is: that of the run, or of a nested one.
    """
    root = journal.entries.get(scope)
    shown = snapshot(journal, scope)
    inside = _inside_of(root, scope)
    steps = flattened if with_nested_workflows else records.steps
    record: dict[str, Json] = {
        "steps": steps(journal, inside),
        **{name: shown[name] for name in ("activeStepsPath", "suspendedPaths", "resumeLabels")},
        "waitingPaths": {},
    }
    record |= {name: shown[name] for name in ("result", "error") if name in shown}
    if root is not None and root.input is not None:
        record["payload"] = root.input
    if fields:
        if "requestContext" in fields:
            record["requestContext"] = dict(journal.request_context)
        record = {name: value for name, value in record.items() if name in fields}
    if root is not None and root.state:
        record["initialState"] = root.state
    return record


def flattened(journal: Journal, scope: str = paths.ROOT, prefix: str = "") -> dict[str, Json]:
    """Records by dotted id, those of nested workflows after that of the step they are."""
    shown: dict[str, Json] = {}
    for (where, step_id), path in list(journal.latest.items()):
        if where != scope:
            continue
        entry = journal.entries[path]
        shown[prefix + step_id] = records.record(journal, entry)
        if entry.kind is Kind.WORKFLOW:
            if entry.status is Status.SUSPENDED:
                # Mastra's record of a run says so of a workflow that is suspended inside.
                shown[prefix + step_id]["status"] = Status.RUNNING.value
            shown |= _inside(journal, entry, f"{prefix}{step_id}.")
        elif entry.kind is Kind.FOREACH:
            for mark, item in records.nested_runs(journal, entry):
                if not item.resuming:
                    shown |= _inside(journal, item, f"{prefix}{step_id}{mark}.")
    return shown


def _inside(journal: Journal, entry: Entry, prefix: str) -> dict[str, Json]:
    return flattened(journal, paths.inner(entry.path, entry.tries + 1), prefix)
