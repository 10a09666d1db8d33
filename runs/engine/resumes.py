"""Whether the answer to a suspension fits the step that waits for it."""

from __future__ import annotations

from typing import Any

from runs.definition.misfit import SchemaError
from runs.definition.nodes import ForeachNode, LoopNode, StepNode, WorkflowNode
from runs.definition.schema import Schema
from runs.definition.workflow import Workflow
from runs.engine import path as paths
from runs.exceptions import InvalidResumeData

Json = Any


def valid(workflow: Workflow, path: str, data: Json) -> Json:
    """The data validated for the step at a path; raises InvalidResumeData."""
    schema = resume_schema_at(workflow, path)
    if schema is None:
        return data
    try:
        return schema.validate(data)
    except SchemaError as error:
        text = "\n".join(["Invalid resume data: ", *error.lines()])
        raise InvalidResumeData(text, step=".".join(paths.step_ids(path))) from None


def resume_schema_at(workflow: Workflow, path: str) -> Schema | None:
    """The resume schema of the step at a path, if it is a step and has one."""
    node: Any = None
    for step_id in paths.step_ids(path):
        node = workflow.steps_by_id.get(step_id)
        if isinstance(node, LoopNode | ForeachNode):
            node = node.member
        if isinstance(node, WorkflowNode):
            workflow = node.workflow
    return node.step.resume_schema if isinstance(node, StepNode) else None
