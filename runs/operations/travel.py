"""Time travel: running again from a step on, as a new attempt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runs.definition.misfit import SchemaError
from runs.definition.nodes import (
    BranchNode,
    ForeachNode,
    LoopNode,
    SleepNode,
    SleepUntilNode,
    StepNode,
    WorkflowNode,
)
from runs.definition.truth import truthy
from runs.definition.workflow import Workflow
from runs.engine import edits
from runs.engine import path as paths
from runs.engine.journal import ACTIVE, Entry, Journal
from runs.engine.travel import Trip, holds, members
from runs.exceptions import InvalidInput, InvalidTarget, RunStillRunning
from runs.models import Run
from runs.operations import assigned, begin
from runs.operations.arguments import argument, records_of
from runs.operations.begin import Begun
from runs.operations.options import TravelOptions, known
from runs.worker.clock import clock

Json = Any
#: What to say of a run that does not exist.
MISSING = "Snapshot not found for run {run_id}"


def begin_travel(run: Run, target: list[str] | None, options: TravelOptions) -> Begun:
    """Make a new attempt of a run that starts at ``target`` (ids down to the step).

    The older attempts stay readable.
    """
    options = known(TravelOptions, options)
    workflow = begin.workflow_of(run)
    trip = trip_of(target, options)
    state = argument(options.get("initial_state"), "The initial state")
    request_context = argument(options.get("request_context"), "The request context")

    def edit(row: Run, journal: Journal) -> Journal:
        if row.status in ACTIVE:
            raise RunStillRunning("This workflow run is still running, cannot time travel")
        checked = check(workflow, journal, trip)
        if truthy(trip.resume_data):
            assigned.check_travel(journal, trip.target)
        return edits.time_travel(
            journal,
            workflow,
            checked,
            state=state,
            request_context=request_context,
            per_step=bool(options.get("per_step", False)),
        )

    details = {"step": ".".join(trip.target)}
    return begin.begin(run, edit, "time_travel", missing=MISSING, details=details)


def trip_of(target: list[str] | None, options: TravelOptions) -> Trip:
    """The trip that a caller's arguments describe."""
    if not target or not all(target):
        raise InvalidTarget("Step is required and must be a valid step or array of steps")
    return Trip(
        target,
        clock().now(),
        argument(options.get("input_data"), "The input"),
        argument(options.get("resume_data"), "The resume data"),
        records_of(options.get("context"), "context"),
        {
            step_id: records_of(inside, f"nestedStepsContext.{step_id}")
            for step_id, inside in (options.get("nested_steps_context") or {}).items()
        },
    )


def check(workflow: Workflow, journal: Journal, trip: Trip) -> Trip:
    """The trip with its input validated; raises what is wrong with it, in Mastra's order."""
    trip = _with_valid_input(workflow, trip)
    _check_scope(workflow, journal, trip.target, dict(trip.context), trip, paths.ROOT)
    return trip


def _with_valid_input(workflow: Workflow, trip: Trip) -> Trip:
    node = workflow.steps_by_id.get(trip.target[0])
    if len(trip.target) > 1 or trip.input_data is None or node is None:
        return trip
    schema = _input_schema(node)
    if schema is None or workflow.validate_inputs is False:
        return trip
    try:
        return replace(trip, input_data=schema.validate(trip.input_data))
    except SchemaError as error:
        raise InvalidInput("\n".join(["Invalid inputData: ", *error.lines()])) from None


def _input_schema(node: Any) -> Any:
    if isinstance(node, StepNode):
        return node.step.input_schema
    return node.workflow.input_schema if isinstance(node, WorkflowNode) else None


def _check_scope(
    workflow: Workflow,
    journal: Journal,
    target: Any,
    context: dict[str, Any],
    trip: Trip,
    scope: str,
) -> None:
    stored = {step_id for where, step_id in journal.latest if where == scope}
    recorded = stored | context.keys()
    at = next((i for i, n in enumerate(workflow.flow) if holds(n, target[0])), None)
    if at is None:
        raise InvalidTarget(_unknown(target[0], stored))
    # Of a run without any record, all that lies before the target is assumed.
    before = [node for node in workflow.flow[:at] if not _took_none(node, journal, scope)]
    missing = [step_id for node in before for step_id in _missing(node, recorded)]
    if stored and missing:
        raise InvalidTarget(_unrecorded(target[0], missing, recorded))
    _check_inside(workflow, journal, target, trip, scope, at)


def _check_inside(
    workflow: Workflow, journal: Journal, target: Any, trip: Trip, scope: str, at: int
) -> None:
    if len(target) == 1:
        return
    node = next(m for m in members(workflow.flow[at]) if m.id == target[0])
    stored: Entry | None = journal.latest_of(scope, target[0])
    if not isinstance(node, WorkflowNode):
        raise InvalidTarget(_unknown(".".join(target), set()))
    inside = paths.inner(stored.path, stored.tries + 1) if stored else paths.join(scope, node.key)
    context = dict(trip.nested.get(node.id) or {})
    _check_scope(node.workflow, journal, target[1:], context, trip, inside)


def _took_none(node: Any, journal: Journal, scope: str) -> bool:
    """Whether a branch was reached and none of its conditions held: nothing of it is missing."""
    if not isinstance(node, BranchNode):
        return False
    decision = journal.get(paths.decision(paths.join(scope, node.key)))
    return decision is not None and decision.output == []


def _missing(node: Any, recorded: set[str]) -> list[str]:
    """The steps of an entry that must have been recorded and were not."""
    if isinstance(node, SleepNode | SleepUntilNode | ForeachNode | LoopNode):
        return []
    absent = [member.id for member in members(node) if member.id not in recorded]
    if isinstance(node, BranchNode) and len(absent) < len(members(node)):
        return []
    return absent


def _unknown(step_id: str, recorded: set[str]) -> str:
    if not recorded:
        return (
            f"Time travel target step not found in execution graph: '{step_id}'. "
            "Verify the step id/path."
        )
    return (
        f"Cannot time travel to step '{step_id}': the step does not exist in the current execution "
        "graph. The workflow definition has likely changed since the run was recorded (renamed "
        "step, or an unnamed .map() step whose generated id changed across processes). "
        f"Steps recorded in the snapshot: {_listed(recorded)}. "
        "The stored snapshot has not been modified."
    )


def _unrecorded(step_id: str, missing: list[str], recorded: set[str]) -> str:
    return (
        f"Cannot time travel to step '{step_id}': step(s) {_listed(missing)} precede the target in "
        "the current execution graph but were not recorded in the snapshot. Either the workflow "
        "definition changed since the run was recorded (renamed steps, or unnamed .map() steps "
        "whose generated ids changed across processes), or the recorded run never reached these "
        "steps (it failed, was canceled, or was suspended before them). Steps recorded in the "
        f"snapshot: {_listed(recorded)}. The stored snapshot has not been modified."
    )


def _listed(ids: Any) -> str:
    return ", ".join(f"'{step_id}'" for step_id in ids)
