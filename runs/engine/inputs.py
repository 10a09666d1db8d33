"""Whether a step may begin: its input fits its schema, and a nested workflow can be run."""

from __future__ import annotations

from typing import Any

from runs.definition.misfit import SchemaError
from runs.definition.nodes import StepNode, WorkflowNode
from runs.definition.schema import Schema
from runs.engine.journal import Entry
from runs.engine.outcomes import Scope, Threw
from runs.exceptions import (
    EmptyWorkflow,
    InvalidInput,
    RunsError,
    StepInputInvalid,
    StepRequestContextInvalid,
)


def validate(node: Any, scope: Scope, entry: Entry) -> Exception | None:
    """Replace the entry's input by the validated one; return what is wrong with it, if anything.

    An input that does not fit stays as it was given. So does one whose validated form is an empty
    object (Mastra's rule: nothing of it was meant for this step, but the body may want it).
    """
    schema = _schema(node)
    if schema is None or not scope.validates:
        return None
    try:
        value = schema.validate(entry.input)
    except SchemaError as error:
        return StepInputInvalid("\n".join(["Step input validation failed: ", *error.lines()]))
    if value != {} and value != entry.input:
        entry.input, entry.input_ref = value, None
    return None


def admit(
    node: WorkflowNode, scope: Scope, entry: Entry, request_context: dict[str, Any]
) -> Exception | None:
    """Validate what a nested workflow begins with, in Mastra's order: the first thing wrong."""
    workflow = node.workflow
    if (problem := validate(node, scope, entry)) is not None:
        return problem
    try:
        if scope.validates and workflow.request_context_schema is not None:
            head = f"Step request context validation failed for step '{node.id}': "
            _fit(workflow.request_context_schema, request_context, head, StepRequestContextInvalid)
        if not workflow.flow:
            raise EmptyWorkflow
        if scope.validates and workflow.state_schema is not None:
            head = "Invalid initial data: "
            given = entry.state or {}
            entry.state = _fit(workflow.state_schema, given, head, InvalidInput)
            changed = (k for k, value in (entry.state or {}).items() if given.get(k) != value)
            entry.patched = tuple(changed)
    except RunsError as error:
        return error
    return None


def _fit(schema: Schema, value: Any, head: str, error: type[RunsError]) -> Any:
    try:
        return schema.validate(value)
    except SchemaError as issues:
        raise error("\n".join([head, *issues.lines()])) from None


def _schema(node: Any) -> Any:
    if isinstance(node, StepNode):
        return node.step.input_schema
    return node.workflow.input_schema if isinstance(node, WorkflowNode) else None


def threw(problem: Exception) -> Threw:
    """A problem as the answer of a try that failed."""
    error = {"message": str(problem), "name": type(problem).__name__}
    code = getattr(problem, "code", None)
    return Threw(error if code is None else error | {"code": code})
