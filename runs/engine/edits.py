"""What a caller's method does to a journal; the drive that follows does the rest.

An edit checks first and changes afterwards: one that raises has changed nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from runs.definition.truth import truthy
from runs.definition.workflow import Workflow
from runs.engine import events, resumes, suspensions, travel
from runs.engine import path as paths
from runs.engine import transitions as move
from runs.engine.journal import Entry, Execution, Journal, Kind, Status
from runs.engine.outcomes import Bail, Canceled, Done, Failed, Found, Halted, Paused
from runs.engine.travel import Trip

Json = Any


def begin_execution(journal: Journal, kind: str, now: int, *, per_step: bool = False) -> None:
    """One more call makes the run go: everything its drive does belongs to this execution."""
    number = journal.execution.number + 1
    journal.execution = Execution(kind, number, per_step, since=journal.order)
    journal.status = Status.RUNNING
    journal.emit(events.START, paths.ROOT, now, {"workflowId": journal.workflow_id})


def start(
    journal: Journal,
    input_data: Json,
    state: dict[str, Json],
    now: int,
    *,
    per_step: bool = False,
) -> None:
    """Give a run without entries its input."""
    root = Entry(
        path=paths.ROOT,
        step_id=journal.workflow_id,
        kind=Kind.WORKFLOW,
        status=Status.RUNNING,
        input=input_data,
        state=state,
        started_at=now,
    )
    journal.add(root)
    begin_execution(journal, "start", now, per_step=per_step)


def resume(
    journal: Journal,
    workflow: Workflow,
    data: Json,
    now: int,
    *,
    step: Sequence[str] | None = None,
    label: str | None = None,
    index: int | None = None,
    per_step: bool = False,
    validates: bool = True,
) -> None:
    """Let what is suspended at ``step``, ``label`` or, when given neither, the only place go on.

    Raises RunNotSuspended, StepNotSuspended, AmbiguousResume or InvalidResumeData.
    """
    leaves = suspensions.find(journal, step=step, label=label, index=index)
    fresh = not truthy(data)
    if validates and not fresh:
        for leaf in leaves:
            data = resumes.valid(workflow, leaf.path, data)
    begin_execution(journal, "resume", now, per_step=per_step)
    journal.root.status = Status.RUNNING
    journal.touch(journal.root)
    for entry in suspensions.with_ancestors(journal, leaves):
        silent = "[" in paths.parent(entry.path)
        move.resume(journal, entry, data, now, fresh=fresh, silent=silent)


def time_travel(
    old: Journal,
    workflow: Workflow,
    trip: Trip,
    *,
    state: dict[str, Json] | None = None,
    request_context: dict[str, Json] | None = None,
    per_step: bool = False,
) -> Journal:
    """The journal of a new attempt that runs from the trip's target on; see ``travel``."""
    journal = travel.travel(old, workflow, replace(trip, per_step=per_step), state)
    journal.request_context |= request_context or {}
    begin_execution(journal, "time_travel", trip.now, per_step=per_step)
    for entry in sorted(journal.entries.values(), key=lambda entry: entry.begun):
        if entry.status is Status.RESUMED and "[" not in paths.parent(entry.path):
            move.tell_resumed(journal, entry, trip.now)
    return journal


def settle(journal: Journal, found: Found, now: int) -> None:
    """Record what the run as a whole came to, and end the current execution's events."""
    root = journal.root
    own: dict[str, Json] = {}
    root.error = root.tripwire = None
    match found:
        case Done(value, ref):
            root.status, root.output, root.output_ref = Status.SUCCESS, value, ref
        case Bail(entry):
            ref = f"out:{entry.path}"
            root.status, root.output, root.output_ref = Status.SUCCESS, entry.output, ref
        case Failed(entry):
            root.status, root.error, root.tripwire = Status.FAILED, entry.error, entry.tripwire
            if entry.tripwire is not None:
                root.status, own = Status.TRIPWIRE, {"tripwire": entry.tripwire}
        case Halted():
            root.status = Status.SUSPENDED
        case Canceled():
            root.status = Status.CANCELED
            journal.emit(events.CANCELED, paths.ROOT, now)
        case Paused():
            root.status = Status.PAUSED
            journal.emit(events.PAUSED, paths.ROOT, now)
    root.ended_at, root.ended = now, journal.next_order()
    journal.status = root.status
    journal.touch(root)
    own["workflowStatus"] = root.status.value
    journal.emit(events.FINISH, paths.ROOT, now, own)


def fail(journal: Journal, error: dict[str, Json], now: int) -> None:
    """End the run as failed for a reason that is no step's (it kills its workers, say)."""
    root = journal.root
    root.status, root.error, root.ended_at = Status.FAILED, error, now
    root.ended = journal.next_order()
    journal.status = Status.FAILED
    journal.touch(root)
    own = {
        "workflowStatus": "failed",
        "metadata": {"error": error, "errorMessage": error["message"]},
    }
    journal.emit(events.FINISH, paths.ROOT, now, own)
