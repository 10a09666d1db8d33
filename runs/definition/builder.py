"""How a flow is put together: each call of a builder method adds one entry at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, cast

from runs.definition.graph import mapping_text
from runs.definition.ids import Keys, check_step_id, check_workflow_id
from runs.definition.mapping import compile_mapping
from runs.definition.nodes import (
    Arm,
    BranchNode,
    ContextFunction,
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
from runs.definition.step import Step
from runs.exceptions import AlreadyCommitted, DefinitionError, DuplicateStepId

if TYPE_CHECKING:
    from runs.definition.workflow import Workflow

StepLike: TypeAlias = "Step | FlowBuilder"


class FlowBuilder:
    """The flow of one workflow while it is written down."""

    def __init__(self, id: str) -> None:
        self.id = check_workflow_id(id)
        self.flow: tuple[Node, ...] = ()
        #: What leaves a record under an id, by that id; for an id used again, its first use.
        self.steps_by_id: dict[str, RecordedNode] = {}
        self._nodes_by_key: dict[str, Node] = {}
        self._keys = Keys()
        self._owners: dict[str, object] = {}
        self._frozen = False

    def node_at(self, key: str) -> Node | None:
        """Return the entry or member with this key; for a loop or foreach, the entry."""
        return self._nodes_by_key.get(key)

    # --- entries -----------------------------------------------------------------------------

    def then(self, step: StepLike) -> Self:
        """Go on with a step, or with a whole workflow as one step."""
        return self._add(self._member(step))

    def parallel(self, steps: Sequence[StepLike]) -> Self:
        """Run all of them at once on the same input; the output is keyed by their ids."""
        key = self._control_key("parallel", ParallelNode)
        return self._add(ParallelNode(key, self._members(steps)))

    def branch(self, arms: Sequence[tuple[ContextFunction, StepLike]]) -> Self:
        """Run every arm whose condition holds for the input; the output is keyed by their ids."""
        key = self._control_key("branch", BranchNode)
        pairs = [self._pair(arm) for arm in arms]
        members = self._members([step for _, step in pairs])
        conditions = [condition for condition, _ in pairs]
        return self._add(BranchNode(key, tuple(map(Arm, conditions, members))))

    def dowhile(self, step: StepLike, condition: ContextFunction) -> Self:
        """Run the step once, then again while the condition holds for its output."""
        return self._loop(step, condition, "dowhile")

    def dountil(self, step: StepLike, condition: ContextFunction) -> Self:
        """Run the step once, then again until the condition holds for its output."""
        return self._loop(step, condition, "dountil")

    def foreach(self, step: StepLike, *, concurrency: int | ContextFunction = 1) -> Self:
        """Run the step for each item of the input list, at most ``concurrency`` at once."""
        if type(concurrency) is not int and not callable(concurrency):
            raise self._error("concurrency is a whole number or a function of the context")
        member = self._member(step)
        return self._add(ForeachNode(member.key, member, concurrency))

    def map(self, mapping: Mapping[str, Any] | ContextFunction, *, id: str | None = None) -> Self:
        """Put the next input together; ``runs.definition.mapping`` says from what."""
        execute = compile_mapping(mapping, self.id)
        chosen = self._own_id(id, "mapping", MapNode)
        text = mapping_text(mapping, self.id)
        return self._add(MapNode(self._keys.take(chosen), chosen, mapping, execute, text))

    def sleep(self, seconds: float | ContextFunction, *, id: str | None = None) -> Self:
        """Wait that long. A negative time is none."""
        if not callable(seconds) and not _is_finite(seconds):
            raise self._error("sleep() takes a number of seconds or a function of the context")
        chosen = self._own_id(id, "sleep", SleepNode, SleepUntilNode)
        return self._add(SleepNode(self._keys.take(chosen), chosen, seconds))

    def sleep_until(self, when: datetime | ContextFunction, *, id: str | None = None) -> Self:
        """Wait until then. A time in the past is no wait."""
        is_time = isinstance(when, datetime) and when.utcoffset() is not None
        if not callable(when) and not is_time:
            raise self._error("sleep_until() takes an aware datetime or a function of the context")
        chosen = self._own_id(id, "sleep", SleepNode, SleepUntilNode)
        return self._add(SleepUntilNode(self._keys.take(chosen), chosen, when))

    # --- within ------------------------------------------------------------------------------

    def _error(self, reason: str) -> DefinitionError:
        return DefinitionError(f"Workflow {self.id!r}: {reason}")

    def _add(self, node: Node) -> Self:
        if self._frozen:
            raise AlreadyCommitted(f"Workflow {self.id!r} is committed and cannot be changed")
        for recorded in recorded_nodes(node):
            self._nodes_by_key[recorded.key] = recorded
            self.steps_by_id.setdefault(recorded.id, recorded)
        self._nodes_by_key[node.key] = node
        self.flow = (*self.flow, node)
        return self

    def _member(self, step: Any) -> Member:
        if isinstance(step, Step):
            self._claim(step.id, step)
            return StepNode(self._keys.take(step.id), step)
        if isinstance(step, FlowBuilder):
            check_step_id(step.id, f"Workflow {self.id!r}: nested workflow")
            if step._contains(self):
                raise self._error(f"it would contain itself through {step.id!r}")
            self._claim(step.id, step)
            return WorkflowNode(self._keys.take(step.id), cast("Workflow", step))
        name = getattr(step, "__name__", repr(step))
        raise self._error(f"{name} is neither a step nor a workflow; is @create_step missing?")

    def _members(self, steps: Sequence[StepLike]) -> tuple[Member, ...]:
        members = tuple(map(self._member, steps))
        ids = [member.id for member in members]
        for id in ids:
            if ids.count(id) > 1:
                # The output is keyed by id: one of the two results would be lost.
                raise DuplicateStepId(
                    f"Workflow {self.id!r}: {id!r} stands twice in one parallel or branch"
                )
        return members

    def _pair(self, arm: Any) -> tuple[ContextFunction, StepLike]:
        match arm:
            case (condition, step) if _is_function(condition):
                return condition, step
        raise self._error("an arm of branch() is a pair of a condition and a step")

    def _loop(
        self, step: StepLike, condition: ContextFunction, kind: Literal["dowhile", "dountil"]
    ) -> Self:
        if not _is_function(condition):
            raise self._error(f"the condition of {kind}() is not a function")
        member = self._member(step)
        return self._add(LoopNode(member.key, member, condition, kind))

    def _claim(self, id: str, owner: object) -> None:
        if self._owners.setdefault(id, owner) is not owner:
            raise DuplicateStepId(f"Workflow {self.id!r}: two different steps have the id {id!r}")

    def _control_key(self, name: str, kind: type[Node]) -> str:
        return self._keys.take(f"{name}_{self._count(kind)}")

    def _own_id(self, id: str | None, prefix: str, *kinds: type[Node]) -> str:
        """Name an entry that is no step, the same whenever the module is imported."""
        undotted = self.id.replace(".", "_")
        chosen = f"{prefix}_{undotted}_{self._count(*kinds)}" if id is None else id
        check_step_id(chosen, f"Workflow {self.id!r}: {prefix}")
        self._claim(chosen, object())
        return chosen

    def _count(self, *kinds: type[Node]) -> int:
        return sum(isinstance(node, kinds) for node in self.flow)

    # --- the whole ---------------------------------------------------------------------------

    def _nested(self) -> list[Workflow]:
        nodes = self.steps_by_id.values()
        return [node.workflow for node in nodes if isinstance(node, WorkflowNode)]

    def _contains(self, other: FlowBuilder) -> bool:
        return self is other or any(nested._contains(other) for nested in self._nested())

    def _freeze(self) -> None:
        """Allow no more entries, here and in the nested workflows: they are part of this one."""
        self._frozen = True
        for nested in self._nested():
            nested._freeze()

    def _check_named_steps(self) -> None:
        """Refuse mappings that name a step by an id nobody has."""
        for node in self.flow:
            if not isinstance(node, MapNode) or callable(node.mapping):
                continue
            for key, source in node.mapping.items():
                for id in _named(source.get("step")):
                    if id not in self.steps_by_id:
                        raise self._error(f"mapping key {key!r} names an unknown step {id!r}")


def _named(step: Any) -> list[str]:
    """The ids written as text. A Step object may be of another workflow: it gives null."""
    listed = step if isinstance(step, list | tuple) else [step]
    return [each for each in listed if isinstance(each, str)]


def _is_function(condition: Any) -> bool:
    """A Step can be called too, but as a condition it is a mistake."""
    return callable(condition) and not isinstance(condition, Step)


def _is_finite(seconds: Any) -> bool:
    return type(seconds) in (int, float) and isfinite(seconds)
