"""What is known of one node of a definition: its schemas, retries, and where it is written."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runs.definition import Workflow
from runs.definition.nodes import MapNode, Node, SleepNode, SleepUntilNode, StepNode, WorkflowNode
from runs.definition.schema import Schema
from runs.definition.step import Step
from runs.shown import duration, pretty
from runs.ui.graph.nodes import GraphNode

SCHEMAS = (
    ("Input", "input_schema"),
    ("Output", "output_schema"),
    ("Answer", "resume_schema"),
    ("Question", "suspend_schema"),
    ("State", "state_schema"),
    ("Request context", "request_context_schema"),
)


@dataclass(frozen=True, slots=True)
class NodeFacts:
    node: GraphNode
    description: str
    facts: tuple[tuple[str, str], ...]
    schemas: tuple[tuple[str, str], ...]
    source: str


def node_facts(workflow: Workflow, nodes: tuple[GraphNode, ...], path: str) -> NodeFacts | None:
    """The facts of the node at a path; None where there is none."""
    drawn = next((node for top in nodes for node in top.walk() if node.path == path), None)
    if drawn is None:
        return None
    found, owner = _definition(workflow, path)
    about = _about(found)
    return NodeFacts(
        node=drawn,
        description=getattr(about, "description", "") or "",
        facts=tuple(_facts(found, owner)),
        schemas=tuple(_schemas(about)),
        source=drawn.condition_source or ("" if isinstance(found, StepNode) else drawn.title),
    )


def _definition(workflow: Workflow, path: str) -> tuple[Node | None, Workflow]:
    node: Node | None = None
    for key in path.split("/"):
        node = workflow.node_at(key)
        member = getattr(node, "member", node)
        if isinstance(member, WorkflowNode) and not path.endswith(key):
            workflow = member.workflow
    return node, workflow


def _about(node: Node | None) -> Step | Workflow | None:
    match getattr(node, "member", node):
        case StepNode(step=step):
            return step
        case WorkflowNode(workflow=workflow):
            return workflow
    return None


def _facts(node: Node | None, owner: Workflow) -> Iterator[tuple[str, str]]:
    about = _about(node)
    if isinstance(about, Step):
        yield from _step_facts(about, owner)
    elif isinstance(about, Workflow):
        yield "Workflow", about.id
        yield "Written in", about.module
    if isinstance(node, MapNode):
        yield "Does", "puts the next input together"
    elif isinstance(node, SleepNode | SleepUntilNode):
        yield "Does", "waits, without holding a worker"


def _step_facts(step: Step, owner: Workflow) -> Iterator[tuple[str, str]]:
    retries = owner.retry_config.attempts if step.retries is None else step.retries
    yield "Retries", str(retries) if retries else "none"
    delay = owner.retry_config.delay_seconds if step.retry_delay is None else step.retry_delay
    if retries and delay:
        growing = f", times {step.backoff:g} each" if step.backoff != 1 else ""
        yield "Between tries", duration(delay) + growing
    if step.timeout is not None:
        yield "Timeout", duration(step.timeout)
    yield "Body", "async def" if step.is_async else "def, in a thread"
    if where := _where(step.execute):
        yield "Written in", where


def _where(function: Any) -> str:
    try:
        file, (_, line) = inspect.getsourcefile(function), inspect.getsourcelines(function)
    except (OSError, TypeError):
        return ""
    parts = Path(file or "").parts[-3:]
    return f"{'/'.join(parts)}:{line}"


def _schemas(about: Step | Workflow | None) -> Iterator[tuple[str, str]]:
    for name, attribute in SCHEMAS:
        schema: Schema | None = getattr(about, attribute, None)
        if schema is not None:
            yield name, pretty(schema.json_schema)
