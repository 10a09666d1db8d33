"""The entries a workflow's flow is made of.

Every entry has a ``key``, unique within its workflow (see ``ids``), and those that leave a record
of their own have the ``id`` the record is known by. A loop and a foreach are recorded as their
member, so they share its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from runs.definition.functions import is_coroutine_function

if TYPE_CHECKING:
    from runs.definition.step import Step
    from runs.definition.workflow import Workflow

#: Called with a step context; plain or a coroutine function.
ContextFunction: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class StepNode:
    key: str
    step: Step

    @property
    def id(self) -> str:
        return self.step.id


@dataclass(frozen=True, slots=True)
class WorkflowNode:
    key: str
    workflow: Workflow

    @property
    def id(self) -> str:
        return self.workflow.id


#: What may stand in a parallel, a branch, a loop or a foreach.
Member: TypeAlias = StepNode | WorkflowNode


@dataclass(frozen=True, slots=True)
class MapNode:
    """Compute the next input with ``execute``, which takes a step context."""

    key: str
    id: str
    mapping: Mapping[str, Any] | ContextFunction
    execute: ContextFunction
    #: The mapping as people read it in the graph.
    source: str

    @property
    def is_async(self) -> bool:
        return is_coroutine_function(self.execute)

    @property
    def calls_user_code(self) -> bool:
        """False when the mapping only picks values apart, which never blocks."""
        if callable(self.mapping):
            return True
        return any("fn" in source for source in self.mapping.values())


@dataclass(frozen=True, slots=True)
class SleepNode:
    key: str
    id: str
    seconds: float | ContextFunction


@dataclass(frozen=True, slots=True)
class SleepUntilNode:
    key: str
    id: str
    when: datetime | ContextFunction


@dataclass(frozen=True, slots=True)
class ParallelNode:
    key: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Arm:
    condition: ContextFunction
    member: Member


@dataclass(frozen=True, slots=True)
class BranchNode:
    key: str
    arms: tuple[Arm, ...]

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(arm.member for arm in self.arms)


@dataclass(frozen=True, slots=True)
class LoopNode:
    key: str
    member: Member
    condition: ContextFunction
    kind: Literal["dowhile", "dountil"]


@dataclass(frozen=True, slots=True)
class ForeachNode:
    key: str
    member: Member
    concurrency: int | ContextFunction


#: Entries that have a record under their own id.
RecordedNode: TypeAlias = StepNode | WorkflowNode | MapNode | SleepNode | SleepUntilNode
Node: TypeAlias = RecordedNode | ParallelNode | BranchNode | LoopNode | ForeachNode


def recorded_nodes(node: Node) -> Iterator[RecordedNode]:
    """Yield what an entry leaves records of: itself, or its members in order."""
    match node:
        case ParallelNode() | BranchNode():
            yield from node.members
        case LoopNode() | ForeachNode():
            yield node.member
        case _:
            yield node
