"""Whether a step's input fits its schema, decided when the step begins."""

from __future__ import annotations

from typing import Any

from runs.definition.nodes import StepNode, WorkflowNode
from runs.definition.schema import SchemaError
from runs.engine.journal import Entry
from runs.engine.outcomes import Scope, Threw
from runs.exceptions import StepInputInvalid


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


def _schema(node: Any) -> Any:
    if isinstance(node, StepNode):
        return node.step.input_schema
    return node.workflow.input_schema if isinstance(node, WorkflowNode) else None


def threw(problem: Exception) -> Threw:
    """A problem as the answer of a try that failed."""
    error = {"message": str(problem), "name": type(problem).__name__}
    code = getattr(problem, "code", None)
    return Threw(error if code is None else error | {"code": code})
