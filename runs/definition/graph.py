"""A workflow as the JSON that clients draw and list: wire names, nothing of Python in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runs.definition.mapping import step_ids
from runs.definition.nodes import (
    BranchNode,
    ForeachNode,
    LoopNode,
    MapNode,
    Member,
    Node,
    ParallelNode,
    RecordedNode,
    SleepNode,
    SleepUntilNode,
    StepNode,
    WorkflowNode,
    recorded_nodes,
)
from runs.definition.source_text import source_text
from runs.definition.step import SCHEMA_OPTIONS, Step

if TYPE_CHECKING:
    from runs.definition.schema import Schema
    from runs.definition.workflow import Workflow

_WIRE_NAMES = {
    "input_schema": "inputSchema",
    "output_schema": "outputSchema",
    "resume_schema": "resumeSchema",
    "suspend_schema": "suspendSchema",
    "state_schema": "stateSchema",
    "request_context_schema": "requestContextSchema",
}


# --- the graph -------------------------------------------------------------------------------


def serialized_step_graph(workflow: Workflow) -> list[dict[str, Any]]:
    return [_entry(node) for node in workflow.flow]


def _entry(node: Node) -> dict[str, Any]:
    match node:
        case StepNode(step=step):
            return {"type": "step", "step": _step(step)}
        case WorkflowNode(workflow=workflow):
            return _nested(workflow)
        case MapNode():
            return {"type": "mapping", "id": node.id, "mapConfig": node.source}
        case SleepNode() | SleepUntilNode():
            return _wait(node)
        case ParallelNode():
            return {"type": "parallel", "steps": [_entry(member) for member in node.members]}
        case BranchNode():
            return {
                "type": "conditional",
                "steps": [_entry(arm.member) for arm in node.arms],
                "serializedConditions": [
                    _condition(arm.member, arm.condition) for arm in node.arms
                ],
            }
        case LoopNode():
            return {
                "type": "loop",
                "step": _entry(node.member),
                "serializedCondition": _condition(node.member, node.condition),
                "loopType": node.kind,
            }
        case ForeachNode(concurrency=concurrency):
            options: dict[str, Any] = {"concurrency": concurrency}
            if callable(concurrency):
                options = {"fn": source_text(concurrency)}
            return {"type": "foreach", "step": _entry(node.member), "opts": options}


def _step(step: Step) -> dict[str, Any]:
    return {"id": step.id, **_said(step), "canSuspend": step.can_suspend}


def _nested(workflow: Workflow) -> dict[str, Any]:
    return {
        "type": "workflow",
        "id": workflow.id,
        "workflowId": workflow.id,
        **_said(workflow),
        "serializedStepFlow": serialized_step_graph(workflow),
    }


def _said(about: Step | Workflow) -> dict[str, Any]:
    """What the author said about it, without the empty parts."""
    said = {"description": about.description, "metadata": about.metadata}
    return {key: value for key, value in said.items() if value}


def _condition(member: Member, condition: Any) -> dict[str, str]:
    return {"id": f"{member.id}-condition", "fn": source_text(condition)}


def _wait(node: SleepNode | SleepUntilNode) -> dict[str, Any]:
    kind = "sleep" if isinstance(node, SleepNode) else "sleepUntil"
    value = node.seconds if isinstance(node, SleepNode) else node.when
    entry: dict[str, Any] = {"type": kind, "id": node.id}
    if callable(value):
        return {**entry, "fn": source_text(value)}
    if isinstance(value, datetime):
        return {**entry, "date": _utc_text(value)}
    return {**entry, "duration": _milliseconds(value)}


def _utc_text(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(seconds: float) -> float:
    milliseconds = round(seconds * 1000, 6)
    return int(milliseconds) if milliseconds == int(milliseconds) else milliseconds


# --- mappings --------------------------------------------------------------------------------


def mapping_text(mapping: Any, workflow_id: str) -> str:
    """Return a mapping as people read it: its source, or its sources as JSON."""
    if callable(mapping):
        return source_text(mapping)
    config = {key: _mapping_source(source, workflow_id) for key, source in mapping.items()}
    return json.dumps(config, indent=2, ensure_ascii=False)


def _mapping_source(source: Mapping[str, Any], workflow_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in source.items():
        match name:
            case "fn":
                shown["fn"] = source_text(value)
            case "request_context_path":
                shown["requestContextPath"] = value
            case "init_data":
                shown["initData"] = workflow_id if value is True else value.id
            case "step":
                ids = step_ids(value, workflow_id)
                shown["step"] = ids if isinstance(value, list | tuple) else ids[0]
            case _:
                shown[name] = value
    return shown


# --- what is known about a workflow ----------------------------------------------------------


def workflow_info(workflow: Workflow, partial: bool = False) -> dict[str, Any]:
    """Describe a workflow for a client; ``partial`` leaves out steps and schemas."""
    info = {
        "name": workflow.id,
        **_said(workflow),
        "stepGraph": serialized_step_graph(workflow),
        "options": {
            "validateInputs": workflow.validate_inputs is not False,
            "emitStepEvents": True,
        },
        "origin": "code",
        "isProcessorWorkflow": False,
    }
    direct = {node.id: _step_info(node) for node in _recorded(workflow)}
    if partial:
        return {**info, "stepCount": len(direct), "steps": {}, "allSteps": {}}
    return {
        **info,
        "steps": direct,
        "allSteps": dict(_all_steps(workflow, "")),
        **_schemas(workflow),
    }


def _recorded(workflow: Workflow) -> Iterator[RecordedNode]:
    for node in workflow.flow:
        yield from recorded_nodes(node)


def _all_steps(workflow: Workflow, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for node in _recorded(workflow):
        is_workflow = isinstance(node, WorkflowNode)
        yield f"{prefix}{node.id}", {**_step_info(node), "isWorkflow": is_workflow}
        if isinstance(node, WorkflowNode):
            yield from _all_steps(node.workflow, f"{prefix}{node.id}.")


def _step_info(node: RecordedNode) -> dict[str, Any]:
    match node:
        case StepNode(step=step):
            return {"id": step.id, **_said(step), **_schemas(step)}
        case WorkflowNode(workflow=workflow):
            return {
                "id": workflow.id,
                **_said(workflow),
                **_schemas(workflow),
                "component": "WORKFLOW",
            }
        case _:
            return {"id": node.id}


def _schemas(of: Step | Workflow) -> dict[str, str]:
    found = {_WIRE_NAMES[name]: getattr(of, name, None) for name in SCHEMA_OPTIONS}
    return {name: schema_text(schema) for name, schema in found.items() if schema is not None}


def schema_text(schema: Schema) -> str:
    """Return a schema as the text clients unwrap: JSON within an envelope."""
    described = {"$schema": "http://json-schema.org/draft-07/schema#", **schema.json_schema}
    return json.dumps({"json": described}, ensure_ascii=False, separators=(",", ":"))
