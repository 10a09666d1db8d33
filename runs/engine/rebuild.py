"""The journal of a time travel, workflow by workflow: what is kept, stood in for, or left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from runs.definition.nodes import (
    BranchNode,
    ForeachNode,
    LoopNode,
    Node,
    ParallelNode,
    WorkflowNode,
)
from runs.definition.truth import truthy
from runs.engine import path as paths
from runs.engine import suspensions
from runs.engine.journal import Entry, Kind, Status
from runs.engine.keeping import Keeping, first_of
from runs.engine.trip import given, holds, kind_of, members
from runs.exceptions import AmbiguousResume

Json = Any

_GOOD = frozenset({Status.SUCCESS, Status.BAILED, Status.SKIPPED})


@dataclass(frozen=True, slots=True)
class Before:
    """The output of the entry before another one; the first entry of a flow has none.

    In records that are kept, an arm without output is ``shown`` as an empty object.
    """

    value: Json = None
    shown: Json = None


class Rebuilt(Keeping):
    """One workflow of the new journal: the root, or the nested one the target lies in."""

    def rebuild(self, value: Json) -> None:
        """Fill in all entries up to the target's; ``value`` is the workflow's input."""
        at = next(i for i, n in enumerate(self.workflow.flow) if holds(n, self.trip.target[0]))
        before = Before()
        for index, node in enumerate(self.workflow.flow[:at]):
            brought = self.trip.input_data if index == at - 1 else None
            brought = brought if len(self.trip.target) == 1 else None
            before = self._before(node, index, before.shown, brought)
        self._target(self.workflow.flow[at], at, before, value)

    # --- entries before the target's ----------------------------------------------------------

    def _before(self, node: Node, index: int, value: Json, brought: Json) -> Before:
        """Take over one entry of the flow; its output is the next one's input, as it was."""
        outputs: dict[str, Json] = {}
        shown: dict[str, Json] = {}
        for arm, member in enumerate(members(node)):
            position = (index, arm) if isinstance(node, ParallelNode | BranchNode) else (index,)
            entry = self._take_over(node, member, position, value, brought)
            if entry is not None and entry.output is not None:
                outputs[member.id] = entry.output
            shown[member.id] = outputs.get(member.id, {})
        if isinstance(node, BranchNode):
            self._decide_branch(node)
        if isinstance(node, ParallelNode | BranchNode):
            return Before(outputs, shown)
        value = next(iter(outputs.values()), None)
        return Before(value, value)

    def _take_over(
        self, node: Node, member: Any, position: tuple[int, ...], value: Json, brought: Json
    ) -> Entry | None:
        stored = self._stored(member)
        stated = self.trip.context.get(member.id)
        if stored is not None and stated is None and brought is None and stored.status in _GOOD:
            kept = self._keep(stored)
            self._feed(kept, value)
            self._complete(kept)
            return kept
        if isinstance(node, BranchNode) and stored is None and stated is None:
            return self._skip(node, member, position, value)
        return self._stand_in(node, member, position, value, brought)

    # --- the target's entry -------------------------------------------------------------------

    def _target(self, node: Node, index: int, before: Before, given_to_flow: Json) -> None:
        wanted = self.trip.target[0]
        for arm, member in enumerate(members(node)):
            if member.id != wanted and not isinstance(node, ParallelNode | BranchNode):
                continue
            if member.id != wanted:
                self._sibling(node, member, (index, arm), before.shown)
                continue
            position = (index, arm) if isinstance(node, ParallelNode | BranchNode) else (index,)
            self._arrive(node, member, position, before.value if index else given_to_flow)
        if isinstance(node, BranchNode):
            self._decide_branch(node, wanted)

    def _sibling(self, node: Node, member: Any, position: tuple[int, ...], value: Json) -> None:
        stored, stated = self._stored(member), self.trip.context.get(member.id)
        if stated is not None:
            self._stand_in(node, member, position, value, None)
        elif stored is not None and stored.status in _GOOD:
            kept = self._keep(stored)
            self._feed(kept, value)
            self._complete(kept)
        elif stored is not None and stored.status is Status.SUSPENDED:
            self._keep(stored, done=False)
        elif isinstance(node, BranchNode) and not self.trip.per_step:
            self._skip(node, member, position, value)
        elif stored is not None or not self.trip.per_step:
            self._stand_in(node, member, position, value, None)

    def _arrive(self, node: Node, member: Any, position: tuple[int, ...], value: Json) -> None:
        stored = self._stored(member)
        if isinstance(member, WorkflowNode) and len(self.trip.target) > 1:
            self._enter(node, member, position, value, stored)
            return
        if stored is not None and stored.status is Status.SUSPENDED and self._resumes_at(node):
            self._resume(stored)
            if not isinstance(node, LoopNode):
                self._feed(self.new.entries[self._moved(stored.path)], value)
        else:
            self._announce(node, member, stored, position, value)
        if isinstance(node, ForeachNode) and stored is not None:
            self._foreach(stored)

    @property
    def _resumes(self) -> bool:
        return truthy(self.trip.resume_data)

    def _resumes_at(self, node: Node) -> bool:
        """Whether the answer is for the target as it is recorded; a foreach gives it to items."""
        return self._resumes and not isinstance(node, ForeachNode)

    def _resume(self, stored: Entry) -> None:
        """The target is suspended, and the caller brings the answer along.

        Of a workflow the answer is for the step in it that waits, as in a resume; the rest of it
        stays as it was left.
        """
        self._keep_iterations_before(stored)
        resumed = suspensions.chain(self.old, stored)
        for entry in self._within(stored):
            if entry.path != stored.path and paths.is_within(entry.path, stored.path):
                self.new.take(self._kept(entry, False))
        for entry in resumed:
            self._answer(entry)

    def _answer(self, stored: Entry) -> None:
        entry = replace(stored, status=Status.RESUMED, kept_from=None, labels=(), assignees=())
        entry.path = self._moved(stored.path)
        entry.resuming = self._resumes or entry.kind is Kind.WORKFLOW
        if self._resumes:
            entry.resume_payload, entry.resumed_at = self.trip.resume_data, self.trip.now
        else:
            entry.started_at = self.trip.now
        entry.input_ref = entry.output_ref = None
        self.new.add(entry)

    def _announce(
        self,
        node: Node,
        member: Any,
        stored: Entry | None,
        position: tuple[int, ...],
        value: Json,
    ) -> None:
        """What is left of earlier executions of the target is there when it begins again.

        An earlier resume stays visible in its record; a body that had suspended is given what it
        suspended with. A loop with nothing before it begins with an empty object. And when one arm
        of a block is all that is to run, this is the one.
        """
        looped = isinstance(node, LoopNode)
        left = stored is not None and (stored.resumed_at or stored.status is Status.SUSPENDED)
        alone = self.trip.per_step and isinstance(node, ParallelNode | BranchNode)
        if not (left or alone or (looped and value is None)):
            return
        path = paths.join(self.scope, member.key)
        entry = Entry(
            paths.iteration(path, 1) if looped else path,
            member.id,
            kind_of(node, member),
            Status.PENDING,
            position,
            starts=0,
        )
        entry.input = {} if looped and value is None else None
        if stored is not None:
            entry.resume_payload, entry.resumed_at = stored.resume_payload, stored.resumed_at
            waits = stored.status is Status.SUSPENDED and stored.kind is Kind.STEP
            if waits and not isinstance(node, ParallelNode):
                entry.suspend_payload = stored.suspend_payload
        self.new.add(entry)

    def _foreach(self, stored: Entry) -> None:
        """Items of a foreach that did not succeed as a whole are kept where they did."""
        if stored.status in _GOOD:
            return
        for entry in self._items(stored):
            if entry.status is Status.SUCCESS:
                self._keep(entry)
            elif entry.status is Status.SUSPENDED and (self._resumes or self._goes_on(entry)):
                self._resume(entry)
            elif entry.status is Status.SUSPENDED and entry.kind is Kind.STEP:
                again = Entry(self._moved(entry.path), entry.step_id, entry.kind, Status.PENDING)
                again.suspend_payload, again.starts = entry.suspend_payload, 0
                self.new.add(again)

    def _goes_on(self, item: Entry) -> bool:
        """Whether the workflow of an item is taken up at the one step that waits in it."""
        if item.kind is not Kind.WORKFLOW:
            return False
        try:
            suspensions.chain(self.old, item)
        except AmbiguousResume:
            return False
        return True

    def _items(self, stored: Entry) -> Iterator[Entry]:
        count = len(stored.input) if isinstance(stored.input, list) else 0
        for index in range(count):
            entry = self.old.get(paths.item(stored.path, index))
            if entry is not None:
                yield entry

    def _enter(
        self,
        node: Node,
        member: WorkflowNode,
        position: tuple[int, ...],
        value: Json,
        stored: Entry | None,
    ) -> None:
        """The target lies inside a nested workflow: that one is rebuilt likewise."""
        path = paths.join(self.scope, member.key)
        if isinstance(node, ForeachNode):
            return
        looped, brought = isinstance(node, LoopNode), None
        if holds(member.workflow.flow[0], self.trip.target[1]):
            # The input given for the target is that of the workflow it begins.
            brought = self.trip.input_data
        stated = given(self.trip.context, member.id, "payload")
        entry = Entry(
            path=paths.iteration(path, 1) if looped else path,
            step_id=member.id,
            kind=Kind.WORKFLOW,
            status=Status.RUNNING,
            position=position,
            input=first_of(stated, brought, value, {} if looped else None),
            iteration=1 if looped else None,
            state=dict(self.new.root.state or {}),
            starts=0,
        )
        if stored is not None:
            entry.resume_payload, entry.resumed_at = stored.resume_payload, stored.resumed_at
            if self._resumes and stored.status is Status.SUSPENDED:
                entry.status, entry.starts, entry.started_at = Status.RESUMED, 1, stored.started_at
                entry.resume_payload, entry.resumed_at = self.trip.resume_data, self.trip.now
        self.new.add(entry)
        if member.workflow.on_start is not None:
            self._decided(paths.decision(paths.admission(entry.path)), None)
        inner = replace(
            self.trip,
            target=self.trip.target[1:],
            context=self.trip.nested.get(member.id) or {},
        )
        source = paths.inner(stored.path, stored.tries + 1) if stored else entry.path
        inside = Rebuilt(self.old, self.new, member.workflow, inner, entry.path, source)
        inside.rebuild(entry.input)
