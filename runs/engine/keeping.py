"""What an older attempt recorded, taken over place by place: kept, stood in for, or skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runs.definition.nodes import (
    BranchNode,
    LoopNode,
    Node,
)
from runs.definition.workflow import Workflow
from runs.engine import path as paths
from runs.engine import records
from runs.engine.journal import SETTLED, Entry, Journal, Kind, Status
from runs.engine.trip import Trip, kind_of

Json = Any


class Keeping:
    """One workflow of the new journal, and where it is recorded in the old one."""

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

    def _feed(self, entry: Entry, value: Json) -> None:
        """The input of a kept entry is what is now before it, as Mastra's record says."""
        if value is not None and entry.input != value:
            entry.input, entry.input_ref, entry.kept_from = value, None, None

    def _complete(self, entry: Entry) -> None:
        """What succeeded without a value counts as having had, or put out, an empty object."""
        if entry.status is Status.SUCCESS and entry.output is None:
            entry.output, entry.output_ref, entry.kept_from = {}, None, None
        if entry.input is None:
            entry.input, entry.input_ref, entry.kept_from = {}, None, None

    def _skip(self, node: Node, member: Any, position: tuple[int, ...], value: Json) -> Entry:
        path = paths.join(self.scope, member.key)
        skipped = Entry(path, member.id, kind_of(node, member), Status.SKIPPED, position)
        skipped.input, skipped.started_at = first_of(value, {}), self.trip.now
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
        if stored is not None:
            self._keep_below(stored)
        entry.kind, entry.position = kind_of(node, member), position
        entry.status = _status(context, stored)
        if entry.status is Status.BAILED and self._was_the_end(entry):
            entry.status = Status.SUCCESS
        entry.input = first_of(context.get("payload"), value, entry.input, {})
        output = first_of(context.get("output"), brought, entry.output, {})
        entry.output = output if entry.status in SETTLED else None
        entry.input_ref = entry.output_ref = entry.error = entry.kept_from = None
        entry.taken = True
        entry.started_at = first_of(context.get("startedAt"), entry.started_at, self.trip.now)
        entry.ended_at = first_of(context.get("endedAt"), entry.ended_at, self.trip.now)
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


def _status(context: Mapping[str, Json], stored: Entry | None) -> Status:
    status = Status(context.get("status") or (stored.status if stored else Status.SUCCESS))
    return Status.SUCCESS if status in (Status.FAILED, Status.CANCELED) else status


def first_of(*values: Json) -> Json:
    return next((value for value in values if value is not None), None)
