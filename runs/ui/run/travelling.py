"""Time travel on a page: the target, its input to be edited, and a preview of what would happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, QueryDict

from runs import operations
from runs.definition.nodes import ForeachNode, LoopNode, StepNode, WorkflowNode
from runs.definition.schema import Schema
from runs.engine import path as paths
from runs.exceptions import RequestError
from runs.forms import SchemaForm
from runs.operations import TravelPlan
from runs.ui.run import inspector
from runs.ui.run.rows import Row, steps_of
from runs.ui.run.subject import Subject

Json = Any

PREFIX = "input"
#: Steps that a list of the preview names; the others are counted.
NAMED = 12


@dataclass(frozen=True, slots=True)
class Listed:
    """Steps of one kind in the preview."""

    title: str
    says: str
    names: list[str]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.names)


@dataclass(frozen=True, slots=True)
class TravelForm:
    #: Where it may go: dotted ids, in the order in which they began.
    targets: list[str]
    step: str
    edits: bool
    fields: SchemaForm
    plan: TravelPlan | None
    error: RequestError | None
    #: A button was pressed that changes the form, or asks for the preview.
    is_ready: bool
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> list[str]:
        return self.step.split(".")

    @property
    def lists(self) -> list[Listed]:
        if self.plan is None:
            return []
        found = [
            _listed("Again", "run again, as far as the run takes the same way", self.plan.again),
            _listed("Kept", "stay as they were recorded", self.plan.kept),
            _listed("Assumed", "count as done though nothing is recorded", self.plan.assumed),
        ]
        return [one for one in found if one.count or one.title == "Again"]


def form_of(request: HttpRequest, about: Subject) -> TravelForm:
    """What was asked for (``step``, ``edit`` and the fields), completed by what is recorded."""
    asked = request.POST if request.method == "POST" else request.GET
    row = inspector.choose(about.rows, asked.get("step") or None)
    step = asked.get("step", "")
    if row is not None and step in (row.path, row.place, ""):
        step = paths.dotted(row.path)
    edits = asked.get("edit") == "yes"
    fields, schema = _fields(about, _row_of(about, step), asked if edits else None)
    options: dict[str, Any] = {}
    if edits and fields.check(schema):
        options["input_data"] = fields.json_value
    plan, error = _plan(about, step, options)
    asks = "preview" in asked or fields.is_rearranged
    ready = error is None and not asks and (fields.is_valid or not edits)
    targets = _targets(about.rows)
    return TravelForm(targets, step, edits, fields, plan, error, ready, options)


def _plan(
    about: Subject, step: str, options: dict[str, Any]
) -> tuple[TravelPlan | None, RequestError | None]:
    try:
        return operations.plan_time_travel(about.bound(), step, **options), None
    except RequestError as error:
        return None, error


def _targets(rows: list[Row]) -> list[str]:
    named = (paths.dotted(row.path) for row in steps_of(rows) if "[" not in row.path)
    return list(dict.fromkeys(named))


def _row_of(about: Subject, step: str) -> Row | None:
    """The entry that shows what the target got last; of a foreach the whole of it."""
    named = [row for row in steps_of(about.rows) if paths.dotted(row.path) == step]
    whole = [row for row in named if not row.is_item]
    found = whole or named
    return found[-1] if found else None


def _fields(
    about: Subject, row: Row | None, posted: QueryDict | None
) -> tuple[SchemaForm, Schema | None]:
    schema, shape = _input_schema(about, row)
    if posted is not None and f"{PREFIX}.__mode" in posted:
        return SchemaForm.posted(shape, posted, prefix=PREFIX), schema
    value = _recorded(about, row)
    known = {} if value is None else {"value": value}
    return SchemaForm(shape, prefix=PREFIX, **known), schema


def _recorded(about: Subject, row: Row | None) -> Json:
    """The input that the step had."""
    if row is None or not about.may_view_payload:
        return None
    return inspector.entry_of(about.run, about.attempt, row).input


def _input_schema(about: Subject, row: Row | None) -> tuple[Schema | None, Json]:
    """The schema that the target's input has to fit, and the shape to make a form of."""
    workflow = about.workflow
    node: Any = None
    if workflow is None or row is None:
        return None, None
    for step_id in paths.step_ids(row.path):
        node = workflow.steps_by_id.get(step_id)
        member = node.member if isinstance(node, LoopNode | ForeachNode) else node
        if isinstance(member, WorkflowNode):
            workflow = member.workflow
    member = node.member if isinstance(node, LoopNode | ForeachNode) else node
    schema = _own_schema(member)
    if isinstance(node, ForeachNode):
        return None, schema and {"type": "array", "items": schema.json_schema}
    return schema, schema and schema.json_schema


def _own_schema(node: Any) -> Schema | None:
    if isinstance(node, StepNode):
        return node.step.input_schema
    return node.workflow.input_schema if isinstance(node, WorkflowNode) else None


def _listed(title: str, says: str, found: list[str]) -> Listed:
    """Items of a foreach count as their foreach."""
    names = [name for name in found if not name.endswith("]")]
    return Listed(title, says, names[:NAMED], len(names))
