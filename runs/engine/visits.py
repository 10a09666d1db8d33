"""What a visit of any node needs: the journal, the turn, and how to ask user functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runs.definition.nodes import SleepNode, SleepUntilNode, WorkflowNode
from runs.engine import path as paths
from runs.engine import transitions as move
from runs.engine.journal import Entry, Journal, Kind, Status
from runs.engine.outcomes import (
    CANCELED,
    OPEN,
    PAUSED,
    Bail,
    Decide,
    Done,
    Failed,
    Found,
    Halted,
    Scope,
    Turn,
)

Json = Any


class Visits:
    """The state of a walk, and the visits of nodes that contain no others."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        #: Paths whose command is with somebody (of workflows and foreaches: that are looked after).
        self.issued: set[str] = set()
        #: Begin nothing further, only take up what ends: the run is to be given up.
        self.closing = False
        self.turn = Turn()
        self.now = 0

    def look_after_open(self) -> None:
        """The run was given up in order, not lost: what is open goes on, and does not begin again.

        Of steps none is open then; the workflows and foreaches they lie in may be. One that a time
        travel goes into has not begun in its attempt (``starts`` is 0), and does now.
        """
        containers = (Kind.WORKFLOW, Kind.FOREACH)
        entries = self.journal.entries.values()
        self.issued |= {
            entry.path
            for entry in entries
            if entry.kind in containers and entry.status is Status.RUNNING and entry.starts
        }

    def _refused(self) -> Found | None:
        """What to say instead of beginning something, while nothing may begin."""
        if self.journal.canceled:
            return CANCELED
        return OPEN if self.closing else None

    def _blank(self, node: Any, scope: Scope, path: str = "", **fields: Any) -> Entry:
        kind = Kind.WORKFLOW if isinstance(node, WorkflowNode) else Kind.STEP
        return Entry(
            path=path or paths.join(scope.path, node.key),
            step_id=node.id,
            kind=fields.pop("kind", kind),
            status=Status.RUNNING,
            position=fields.pop("position", (scope.index,)),
            input=fields.pop("value", scope.value),
            input_ref=fields.pop("ref", scope.ref),
            **fields,
        )

    def _found(self, entry: Entry) -> Found:
        if entry.taken:
            return Done(entry.output, f"out:{entry.path}", entry.ended)
        match entry.status:
            case Status.SUCCESS | Status.SKIPPED:
                return Done(entry.output, f"out:{entry.path}", entry.ended)
            case Status.FAILED:
                return Failed(entry)
            case Status.BAILED:
                return Bail(entry)
            case Status.SUSPENDED:
                return Halted((entry,))
            case Status.PAUSED:
                return PAUSED
            case Status.CANCELED:
                return CANCELED
        return OPEN

    # --- waits and decisions ------------------------------------------------------------------

    def _wait(self, node: SleepNode | SleepUntilNode, scope: Scope) -> Found:
        path = paths.join(scope.path, node.key)
        entry = self.journal.get(path)
        if entry is None:
            if refused := self._refused():
                return refused
            until = self._until(node, scope)
            if not isinstance(until, int):
                return until
            blank = self._blank(node, scope, kind=Kind.WAIT, wake_at=until)
            blank.status = Status.WAITING
            entry = move.begin(self.journal, scope, blank, self.now)
        if entry.taken or entry.status is not Status.WAITING:
            return self._found(entry)
        if self.journal.canceled:
            return CANCELED
        if entry.wake_at is not None and entry.wake_at > self.now:
            self.turn.wake(entry.wake_at)
            self.turn.sleeps = True
            return OPEN
        move.finish(
            self.journal,
            scope,
            entry,
            Status.SUCCESS,
            self.now,
            output=entry.input,
            ref=f"in:{path}",
        )
        return self._found(entry)

    def _until(self, node: SleepNode | SleepUntilNode, scope: Scope) -> int | Found:
        """The time (ms) a wait ends, fixed when it begins."""
        if isinstance(node, SleepNode):
            if not callable(node.seconds):
                return self.now + round(node.seconds * 1000)
            found = self._decide("sleep", (node.seconds,), node, scope, scope.value)
            return self.now + int(found.value) if isinstance(found, Done) else found
        if not callable(node.when):
            return round(node.when.timestamp() * 1000)
        found = self._decide("sleep_until", (node.when,), node, scope, scope.value)
        return int(found.value) if isinstance(found, Done) else found

    def _decide(
        self,
        kind: str,
        functions: tuple[Callable[..., Any], ...],
        node: Any,
        scope: Scope,
        value: Json,
        *,
        path: str = "",
        iteration: int | None = None,
    ) -> Found:
        """The recorded answer of user functions; asks for it when there is none."""
        path = paths.decision(path or paths.join(scope.path, node.key))
        entry = self.journal.get(path)
        if entry is None or (entry.status is Status.RUNNING and path not in self.issued):
            if self.closing:
                return OPEN
            if entry is None:
                entry = self.journal.add(
                    Entry(path, node.key, Kind.DECISION, Status.RUNNING, started_at=self.now)
                )
            if self.journal.canceled:
                entry.status = Status.CANCELED
                self.journal.touch(entry)
                return CANCELED
            self.issued.add(path)
            self.turn.commands.append(Decide(path, kind, functions, entry, scope, value, iteration))
        return self._found(entry)
