"""The journal of a time travel, workflow by workflow: what is kept, stood in for, or left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
from runs.definition.truth import truthy
from runs.definition.workflow import Workflow
from runs.engine import path as paths
from runs.engine import records, suspensions
from runs.engine.journal import SETTLED, Entry, Journal, Kind, Status
from runs.engine.trip import Trip, given, holds, members

Json = Any

_GOOD = frozenset({Status.SUCCESS, Status.BAILED, Status.SKIPPED})


@dataclass(frozen=True, slots=True)
class Before:
    """The output of the entry before another one; the first entry of a flow has none.

    In records that are kept, an arm without output is ``shown`` as an empty object.
    """

    value: Json = None
    shown: Json = None


class Rebuilt:
    """One workflow of the new journal: the root, or the nested one the target lies in."""

    def __init__(
        self,
        old: Journal,
        new: Journal,
        workflow: Workflow,
        trip: Trip,
        scope: str = paths.ROOT,
        recorded_at: str = paths.ROOT,
    ) -> None:
        self.old, self.new, self.workflow, self.trip = old, new, workflow, trip
        #: Where this workflow is in the new journal, and where in the old one.
        self.scope, self.recorded_at = scope, recorded_at

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
            return kept
        if isinstance(node, BranchNode) and stored is None and stated is None:
            return self._skip(node, member, position, value)
        return self._stand_in(node, member, position, value, brought)

    def _stored(self, member: Any) -> Entry | None:
        """What was recorded at the member's own place; of a loop, its last iteration."""
        path = paths.join(self.recorded_at, member.key)
        found, number = self.old.get(path), 1
        while (later := self.old.get(paths.iteration(path, number))) is not None:
            found, number = later, number + 1
        return found

    def _keep(self, stored: Entry, *, done: bool = True) -> Entry:
        """Keep an entry with all below it (and all iterations of a loop).

        One that is not ``done`` is as it was left: suspended, say, and may be resumed.
        """
        for entry in self._within(stored):
            self.new.take(self._kept(entry, done))
        return self.new.entries[self._moved(stored.path)]

    def _keep_below(self, stored: Entry) -> None:
        for entry in self._within(stored):
            if entry.path != stored.path and "/" in entry.path[len(stored.path) :]:
                self.new.take(self._kept(entry, True))

    def _keep_iterations_before(self, stored: Entry | None) -> None:
        """Of a loop, keep the iterations that led to the one that is recorded."""
        if stored is None or stored.iteration is None:
            return
        for entry in self._within(stored):
            if not paths.is_within(entry.path, stored.path):
                self.new.take(self._kept(entry, True))

    def _within(self, stored: Entry) -> list[Entry]:
        at = stored.path.rfind("#")
        base = stored.path if stored.iteration is None else stored.path[:at]
        entries = self.old.entries.values()
        return [e for e in entries if e.path != paths.ROOT and paths.is_within(e.path, base)]

    def _kept(self, entry: Entry, done: bool) -> Entry:
        # References hold in the attempt that was recorded, not in this one. An entry that moves
        # (into the first try of a workflow that was tried again) takes its values along.
        origin = (entry.kept_from or self.old.attempt) if self.scope == self.recorded_at else None
        return replace(
            entry,
            path=self._moved(entry.path),
            input_ref=None,
            output_ref=None,
            kept_from=origin,
            taken=done,
            # A bail that ended its workflow is recorded as success.
            status=Status.SUCCESS if done and self._was_the_end(entry) else entry.status,
        )

    def _was_the_end(self, entry: Entry) -> bool:
        return entry.status is Status.BAILED and records.ended_its_workflow(self.old, entry)

    def _moved(self, path: str) -> str:
        return self.scope + path[len(self.recorded_at) :]

    def _skip(self, node: Node, member: Any, position: tuple[int, ...], value: Json) -> Entry:
        path = paths.join(self.scope, member.key)
        skipped = Entry(path, member.id, _kind(node, member), Status.SKIPPED, position)
        skipped.input, skipped.started_at = _first(value, {}), self.trip.now
        skipped.taken = True
        return self.new.add(skipped)

    def _stand_in(
        self, node: Node, member: Any, position: tuple[int, ...], value: Json, brought: Json
    ) -> Entry:
        """An entry of the caller's context, or for a step nothing is known of."""
        stored = self._stored(member)
        context = self.trip.context.get(member.id) or {}
        path = paths.join(self.scope, member.key)
        looped = isinstance(node, LoopNode)
        entry = replace(stored) if stored else Entry(path, member.id, Kind.STEP, Status.SUCCESS)
        entry.path = path
        if looped:
            entry.iteration = entry.iteration or 1
            entry.path = paths.iteration(path, entry.iteration)
            self._keep_iterations_before(stored)
        if stored is not None and not context:
            self._keep_below(stored)
        entry.kind, entry.position = _kind(node, member), position
        entry.status = _status(context, stored)
        if entry.status is Status.BAILED and self._was_the_end(entry):
            entry.status = Status.SUCCESS
        entry.input = _first(context.get("payload"), value, entry.input, {})
        output = _first(context.get("output"), brought, entry.output, {})
        entry.output = output if entry.status in SETTLED else None
        entry.input_ref = entry.output_ref = entry.error = entry.kept_from = None
        entry.taken = True
        entry.started_at = _first(context.get("startedAt"), entry.started_at, self.trip.now)
        entry.ended_at = _first(context.get("endedAt"), entry.ended_at, self.trip.now)
        self.new.add(entry)
        entry.ended = self.new.next_order()
        if isinstance(node, LoopNode):
            self._decided(paths.decision(entry.path), node.kind == "dountil")
        return entry

    def _decided(self, path: str, answer: Json) -> None:
        entry = Entry(path, path, Kind.DECISION, Status.SUCCESS, output=answer)
        entry.taken = True
        self.new.add(entry)

    def _decide_branch(self, node: BranchNode, *also: str) -> None:
        """The arms that count as chosen: those with an entry, and the target."""
        chosen = []
        for index, arm in enumerate(node.arms):
            entry = self.new.get(paths.join(self.scope, arm.member.key))
            if arm.member.id in also or (entry and entry.status is not Status.SKIPPED):
                chosen.append(index)
        path = paths.decision(paths.join(self.scope, node.key))
        if path not in self.new.entries:
            self._decided(path, chosen)

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
            self._feed(self._keep(stored), value)
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
        elif stored is not None:
            waits = stored.status is Status.SUSPENDED and not isinstance(node, ForeachNode)
            if waits and self._resumes:
                self._resume(stored)
                if not isinstance(node, LoopNode):
                    self._feed(self.new.entries[self._moved(stored.path)], value)
            elif stored.resumed_at is not None or stored.status is Status.SUSPENDED:
                self._announce(node, member, stored, position)
            if isinstance(node, ForeachNode):
                self._foreach(stored)

    @property
    def _resumes(self) -> bool:
        return truthy(self.trip.resume_data)

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
        entry = replace(stored, status=Status.RESUMED, resuming=True, kept_from=None)
        entry.resume_payload, entry.labels, entry.assignees = self.trip.resume_data, (), ()
        entry.path, entry.resumed_at = self._moved(stored.path), self.trip.now
        entry.input_ref = entry.output_ref = None
        self.new.add(entry)

    def _announce(self, node: Node, member: Any, stored: Entry, position: tuple[int, ...]) -> None:
        """What is left of earlier executions of the target is there when it begins again.

        An earlier resume stays visible in its record; a body that had suspended is given what it
        suspended with.
        """
        path = paths.join(self.scope, member.key)
        if isinstance(node, LoopNode):
            path = paths.iteration(path, 1)
        entry = Entry(path, stored.step_id, stored.kind, Status.PENDING, position)
        entry.resume_payload, entry.resumed_at = stored.resume_payload, stored.resumed_at
        waits = stored.status is Status.SUSPENDED and stored.kind is Kind.STEP
        if waits and not isinstance(node, ParallelNode):
            entry.suspend_payload = stored.suspend_payload
        entry.starts = 0
        self.new.add(entry)

    def _feed(self, entry: Entry, value: Json) -> None:
        """The input of a kept entry is what is now before it, as Mastra's record says."""
        if value is not None and entry.input != value:
            entry.input, entry.input_ref, entry.kept_from = value, None, None

    def _foreach(self, stored: Entry) -> None:
        """Items of a foreach that did not succeed as a whole are kept where they did."""
        if stored.status in _GOOD:
            return
        for entry in self._items(stored):
            if entry.status is Status.SUCCESS:
                self._keep(entry)
            elif entry.status is Status.SUSPENDED and self._resumes:
                self._resume(entry)
            elif entry.status is Status.SUSPENDED and entry.kind is Kind.STEP:
                again = Entry(self._moved(entry.path), entry.step_id, entry.kind, Status.PENDING)
                again.suspend_payload, again.starts = entry.suspend_payload, 0
                self.new.add(again)

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
        if not looped and holds(member.workflow.flow[0], self.trip.target[1]):
            # The input given for the target is that of the workflow it begins.
            brought = self.trip.input_data
        entry = Entry(
            path=paths.iteration(path, 1) if looped else path,
            step_id=member.id,
            kind=Kind.WORKFLOW,
            status=Status.RUNNING,
            position=position,
            input=_first(given(self.trip.context, member.id, "payload"), brought, value, {}),
            iteration=1 if looped else None,
            state=dict(self.new.root.state or {}),
            starts=0,
        )
        if stored is not None:
            entry.resume_payload, entry.resumed_at = stored.resume_payload, stored.resumed_at
            if self._resumes and stored.status is Status.SUSPENDED and not looped:
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


def _kind(node: Node, member: Any) -> Kind:
    if isinstance(node, ForeachNode):
        return Kind.FOREACH
    if isinstance(member, SleepNode | SleepUntilNode):
        return Kind.WAIT
    return Kind.WORKFLOW if isinstance(member, WorkflowNode) else Kind.STEP


def _status(context: Mapping[str, Json], stored: Entry | None) -> Status:
    status = Status(context.get("status") or (stored.status if stored else Status.SUCCESS))
    return Status.SUCCESS if status in (Status.FAILED, Status.CANCELED) else status


def _first(*values: Json) -> Json:
    return next((value for value in values if value is not None), None)
