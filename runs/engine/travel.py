"""Time travel: a new attempt's journal, made of what an older attempt recorded before a step.

What lies before the target is taken over: recorded entries are kept (they refer to the attempt that
holds their values), the caller's context stands in for or over them, and what neither knows counts
as done without a value. The target and all after it is absent, so the next drive runs it.

Where Mastra's rules would run a step again that nobody asked for, or not the one that was asked
for, ours are: the arm of a parallel or branch that is the target runs, whatever its condition says,
and its siblings' recorded successes stay.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runs.definition.workflow import Workflow
from runs.engine import path as paths
from runs.engine import result, resumes
from runs.engine.journal import Entry, Journal, Kind, Status
from runs.engine.rebuild import Rebuilt
from runs.engine.trip import Trip, given, holds, members

__all__ = ["Trip", "holds", "members", "travel"]

Json = Any


def travel(old: Journal, workflow: Workflow, trip: Trip, state: dict[str, Json] | None) -> Journal:
    """The journal of the next attempt; ``old`` stays as it is. The target must exist."""
    known = old.entries.get(paths.ROOT)
    new = Journal(
        old.workflow_id,
        old.run_id,
        old.resource_id,
        attempt=old.attempt + 1 if known else old.attempt,
        request_context=dict(old.request_context),
        execution=replace(old.execution),
        order=old.order,
    )
    root = Entry(paths.ROOT, workflow.id, Kind.WORKFLOW, Status.RUNNING)
    root.input = _run_input(workflow, known, trip)
    root.state = dict(state if state is not None else (known.state if known else None) or {})
    root.started_at = known.started_at if known else None
    root.path_before = tuple(result.execution_path(old)) if known else ()
    new.add(root)
    Rebuilt(old, new, workflow, trip).rebuild(root.input)
    if workflow.validate_inputs is not False:
        for entry in new.entries.values():
            if entry.resuming and entry.status is Status.RESUMED and entry.kind is Kind.STEP:
                entry.resume_payload = resumes.valid(workflow, entry.path, entry.resume_payload)
    return new


def _run_input(workflow: Workflow, known: Entry | None, trip: Trip) -> Json:
    first = workflow.flow[0]
    stored = known.input if known else None
    stated = [given(trip.context, member.id, "payload") for member in members(first)]
    choices = [value for value in stated if value is not None]
    if holds(first, trip.target[0]) and trip.input_data is not None:
        choices.append(trip.input_data)
    return next((value for value in [*choices, stored] if value is not None), {})
