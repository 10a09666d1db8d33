"""Visits of what has one body and runs it many times: loops and foreach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runs.definition.nodes import ForeachNode, LoopNode, MapNode, Member
from runs.definition.truth import truthy
from runs.engine import blocks
from runs.engine import path as paths
from runs.engine import transitions as move
from runs.engine.journal import Entry, Kind, Status
from runs.engine.outcomes import Canceled, Done, Failed, Found, Open, Scope, Threw
from runs.engine.visits import Visits

Json = Any


class Repeats(Visits):
    """The state of a walk, with the visits of nodes that repeat a member."""

    def _member(self, node: Member | MapNode, scope: Scope, entry: Entry) -> Found:
        raise NotImplementedError

    # --- loops --------------------------------------------------------------------------------

    def _loop(self, node: LoopNode, scope: Scope) -> Found:
        base = paths.join(scope.path, node.key)
        while True:
            number, value, ref = scope.loops.get(base, (1, scope.value, scope.ref))
            path = paths.iteration(base, number)
            blank = self._blank(node.member, scope, path, iteration=number, value=value, ref=ref)
            found = self._member(node.member, scope, blank)
            if isinstance(found, Canceled) and number > 1:
                self._stop_loop(paths.iteration(base, number - 1))
            if not isinstance(found, Done):
                return found
            verdict = self._decide(
                "loop", (node.condition,), node, scope, found.value, path=path, iteration=number
            )
            if not isinstance(verdict, Done):
                return verdict
            if truthy(verdict.value) == (node.kind == "dountil"):
                return found
            scope.loops[base] = number + 1, found.value, found.ref

    def _stop_loop(self, path: str) -> None:
        """The run was canceled between two iterations."""
        verdict = self.journal.entries[paths.decision(path)]
        if verdict.status is not Status.CANCELED:
            verdict.status = Status.CANCELED
            self.journal.touch(verdict)

    # --- foreach ------------------------------------------------------------------------------

    def _foreach(self, node: ForeachNode, scope: Scope) -> Found:
        path = paths.join(scope.path, node.key)
        entry = self.journal.get(path)
        if entry is None or entry.status is Status.PENDING:
            if refused := self._refused():
                return refused
            blank = self._blank(node.member, scope, path, kind=Kind.FOREACH)
            entry = move.begin(self.journal, scope, blank, self.now)
            self.issued.add(path)
            if entry.input is None:
                move.fail(self.journal, scope, entry, self.now, _no_list(node))
        if entry.taken or entry.status not in (Status.RUNNING, Status.RESUMED):
            return self._found(entry)
        if entry.status is Status.RUNNING and path not in self.issued:
            move.begin_again(self.journal, scope, entry, self.now)
        self.issued.add(path)
        width = self._concurrency(node, scope, entry)
        if isinstance(width, Failed):
            raised = Threw(width.entry.error or {}, not width.entry.non_retryable)
            move.fail(self.journal, scope, entry, self.now, raised)
            return self._found(entry)
        if not isinstance(width, int):
            return width
        if path not in scope.fans:
            scope.fans[path] = blocks.rebuild_fan(self.journal, entry, width)
        visit = self._item_visitor(node, scope, entry)
        found = blocks.advance_fan(self.journal, scope, entry, scope.fans[path], visit, self.now)
        if not isinstance(found, Open):
            del scope.fans[path]
        return found

    def _item_visitor(
        self, node: ForeachNode, scope: Scope, entry: Entry
    ) -> Callable[[int, Json], Found]:
        def visit(index: int, value: Json) -> Found:
            blank = self._blank(
                node.member,
                scope,
                paths.item(entry.path, index),
                value=value,
                ref=f"item:{index}:{entry.path}",
            )
            return self._member(node.member, scope, blank)

        return visit

    def _concurrency(self, node: ForeachNode, scope: Scope, entry: Entry) -> int | Found:
        if isinstance(node.concurrency, int):
            return max(node.concurrency, 1)
        found = self._decide("concurrency", (node.concurrency,), node, scope, entry.input)
        if not isinstance(found, Done):
            return found
        return found.value if isinstance(found.value, int) and found.value > 0 else 1


def _no_list(node: ForeachNode) -> Threw:
    text = f"The foreach {node.member.id!r} needs a list, got nothing"
    return Threw({"message": text, "name": "TypeError"})
