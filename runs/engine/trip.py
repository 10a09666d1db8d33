"""Where a time travel goes, and what the caller brings along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runs.definition.nodes import (
    BranchNode,
    ForeachNode,
    LoopNode,
    Node,
    ParallelNode,
    SleepNode,
    SleepUntilNode,
    WorkflowNode,
)
from runs.engine.journal import Kind

Json = Any
Context = Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Trip:
    """Where to, and what the caller brings along."""

    target: Sequence[str]
    now: int
    input_data: Json = None
    resume_data: Json = None
    context: Context = field(default_factory=dict)
    nested: Mapping[str, Context] = field(default_factory=dict)
    #: One entry is all that is to run: siblings of the target that never ran stay away.
    per_step: bool = False


def members(node: Node) -> list[Any]:
    """The steps, workflows, maps and waits that an entry of a flow consists of."""
    if isinstance(node, ParallelNode):
        return list(node.members)
    if isinstance(node, BranchNode):
        return [arm.member for arm in node.arms]
    return [node.member] if isinstance(node, LoopNode | ForeachNode) else [node]


def kind_of(node: Node, member: Any) -> Kind:
    """The kind of entry that records a member of an entry of a flow."""
    if isinstance(node, ForeachNode):
        return Kind.FOREACH
    if isinstance(member, SleepNode | SleepUntilNode):
        return Kind.WAIT
    return Kind.WORKFLOW if isinstance(member, WorkflowNode) else Kind.STEP


def holds(node: Node, step_id: str) -> bool:
    return any(member.id == step_id for member in members(node))


def given(context: Context, step_id: str, name: str) -> Json:
    """A member of the record that the caller's context has of a step, if any."""
    return (context.get(step_id) or {}).get(name)
