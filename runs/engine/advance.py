"""The interpreter: from a workflow's tree and a journal to what may happen next.

It calls no user code but schemas, reads no clock and touches no database. A turn walks from the
root; an entry that is done answers at once, one that is missing begins. There is no position to
save, so none to corrupt: suspending, resuming, cancelling, restarting and time travel are edits of
the journal (see ``edits``) followed by one more turn.

Rules:

1. A turn may be repeated: without a new answer it changes nothing. A command is given once for
   each beginning of a step; a new interpreter over the same journal gives it again, and the step
   begins again, because whoever had it is gone.
2. Every user function is an effect. Conditions, computed waits and concurrencies are asked for
   with ``Decide`` and read from the journal afterwards; a branch taken is a fact.
3. The input of an entry is the output of the one before it in its flow. After a parallel or
   branch that is an object of the arms' outputs by step id, bailed arms included.
4. Failure and bail end their flow at once, a suspension when nothing else of it is going on.
   A block waits until all its arms are at rest; then a failed arm outweighs a suspended one.
5. A canceled run starts nothing. What is going on may end and is recorded; then it is canceled,
   whatever the last outcome was.

``Scope`` and ``Fan`` remember how far a flow or foreach has come, so that a turn costs what is
open, not what is done. They are caches: a new interpreter finds all of it in the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from runs.definition.nodes import (
    BranchNode,
    ForeachNode,
    LoopNode,
    MapNode,
    Member,
    ParallelNode,
    SleepNode,
    SleepUntilNode,
    StepNode,
    WorkflowNode,
)
from runs.definition.workflow import Workflow
from runs.engine import blocks, inputs
from runs.engine import path as paths
from runs.engine import transitions as move
from runs.engine.journal import GOING, SETTLED, Entry, Journal, Status
from runs.engine.nesting import Nesting
from runs.engine.outcomes import (
    CANCELED,
    OPEN,
    PAUSED,
    Answer,
    Decide,
    Done,
    Execute,
    Found,
    Halted,
    Open,
    Scope,
    Threw,
    Turn,
)
from runs.engine.repeats import Repeats

Json = Any


class Interpreter(Nesting):
    """Interprets one attempt of a run; ``journal`` is changed by its turns and answers."""

    def __init__(self, workflow: Workflow, journal: Journal) -> None:
        super().__init__(journal)
        self.root = self._scope(workflow, journal.root, paths.ROOT, parent=None)
        self._scopes: dict[str, Scope] = {}

    # --- the two things it can be asked -------------------------------------------------------

    def advance(self, now: int) -> Turn:
        """What may happen next, as of ``now`` (ms): new commands, or what the run came to."""
        self.turn, self.now = Turn(), now
        found = self._flow(self.root)
        if not isinstance(found, Open):
            self.turn.outcome = found
        return self.turn

    def answer(self, command: Execute | Decide, given: Answer, now: int) -> None:
        """Take up what came of a command."""
        self.issued.discard(command.path)
        if isinstance(command, Execute):
            policy = self.policy(command.node, command.scope)
            move.answer(self.journal, command.scope, command.entry, given, now, policy)
        elif isinstance(given, Threw):
            move.fail(self.journal, command.scope, command.entry, now, given)
        else:
            output = getattr(given, "output", None)
            move.finish(
                self.journal, command.scope, command.entry, Status.SUCCESS, now, output=output
            )

    # --- flows --------------------------------------------------------------------------------

    def _flow(self, scope: Scope) -> Found:
        flow = scope.workflow.flow
        while scope.index < len(flow):
            found = self._visit(flow[scope.index], scope)
            if isinstance(found, Open):
                return OPEN
            if self.journal.canceled and not (scope.path and isinstance(found, Halted)):
                return CANCELED
            if not isinstance(found, Done):
                return found
            scope.value, scope.ref = found.carry or (found.value, found.ref)
            scope.index += 1
            if self._steps_once(found):
                return PAUSED
            if scope.index == len(flow):
                return found
        return Done(scope.value, scope.ref, 0)

    def _steps_once(self, found: Done) -> bool:
        execution = self.journal.execution
        return execution.steps_once and found.order > execution.since

    def _visit(self, node: Any, scope: Scope) -> Found:
        return self._VISITORS[type(node)](self, node, scope)

    def _member(self, node: Member | MapNode, scope: Scope, entry: Entry) -> Found:
        """Visit a step or nested workflow at the place that the blank ``entry`` describes."""
        known = self.journal.get(entry.path)
        if known is not None and known.status is Status.PENDING:
            if known.input is not None:
                entry.input, entry.input_ref = known.input, None
            known = None
        if known is None and (refused := self._refused()):
            return refused
        if known is not None and known.taken:
            return self._found(known)
        if isinstance(node, WorkflowNode):
            return self._nested(node, scope, known or self._begin(node, scope, entry))
        return self._leaf(node, scope, known or self._begin(node, scope, entry))

    # --- steps --------------------------------------------------------------------------------

    def _single(self, node: Member | MapNode, scope: Scope) -> Found:
        known = self.journal.get(paths.join(scope.path, node.key))
        if known is not None and known.status in SETTLED:
            return self._found(known)
        return self._member(node, scope, self._blank(node, scope))

    def _begin(self, node: Member | MapNode, scope: Scope, entry: Entry) -> Entry:
        if isinstance(node, WorkflowNode):
            return self._begin_workflow(node, scope, entry)
        problem = inputs.validate(node, scope, entry)
        move.begin(self.journal, scope, entry, self.now)
        self._execute(node, scope, entry, problem)
        return entry

    def _execute(
        self, node: StepNode | MapNode, scope: Scope, entry: Entry, problem: Exception | None
    ) -> None:
        self.issued.add(entry.path)
        self.turn.commands.append(Execute(entry.path, node, entry, scope, problem))

    def _leaf(self, node: StepNode | MapNode, scope: Scope, entry: Entry) -> Found:
        if entry.status in (Status.RUNNING, Status.RESUMED) and entry.path not in self.issued:
            return self._take_up(node, scope, entry)
        return self._found(entry)

    def _take_up(self, node: StepNode | MapNode, scope: Scope, entry: Entry) -> Found:
        """A step to run now that has begun before: resumed, due for another try, or orphaned."""
        retries = entry.wake_at is not None
        if self.journal.canceled and not retries:
            entry.status = Status.CANCELED
            self.journal.touch(entry)
            return CANCELED
        if self.closing:
            return OPEN
        if entry.wake_at is not None and entry.wake_at > self.now:
            return self._await_try(scope, entry)
        if entry.status is Status.RESUMED:
            entry.status = Status.RUNNING
            self.journal.touch(entry)
        elif entry.wake_at is None:
            move.begin_again(self.journal, scope, entry, self.now)
        if entry.wake_at is not None:
            entry.wake_at = entry.error = None
            self.journal.touch(entry)
        problem = inputs.validate(node, scope, replace(entry))
        self._execute(node, scope, entry, problem)
        return OPEN

    def _await_try(self, scope: Scope, entry: Entry) -> Found:
        """Wait for the next try; a canceled run does not, and the failed try was the last."""
        if not self.journal.canceled:
            self.turn.wake(entry.wake_at or self.now)
            return OPEN
        move.fail(self.journal, scope, entry, self.now, Threw(entry.error or {}))
        return self._found(entry)

    # --- blocks -------------------------------------------------------------------------------

    def _parallel(self, node: ParallelNode, scope: Scope) -> Found:
        return self._arms(list(enumerate(node.members)), scope)

    def _branch(self, node: BranchNode, scope: Scope) -> Found:
        chosen = self._decide(
            "branch", tuple(arm.condition for arm in node.arms), node, scope, scope.value
        )
        if not isinstance(chosen, Done):
            return chosen
        members = [(index, node.arms[index].member) for index in chosen.value]
        if not members:
            return Done({}, None, chosen.order)
        found = self._arms(members, scope)
        if isinstance(found, Halted):
            # Arms of a branch are recorded as they end, those of a parallel as they stand.
            return Halted(tuple(sorted(found.entries, key=lambda entry: entry.ended)))
        return found

    def _arms(self, members: list[tuple[int, Member]], scope: Scope) -> Found:
        if self.journal.execution.steps_once:
            members = self._one_arm(members, scope)
        found = []
        for arm, member in members:
            blank = self._blank(member, scope, position=(scope.index, arm))
            found.append((member.id, self._member(member, scope, blank)))
        return blocks.settle_arms(found)

    def _one_arm(self, members: list[tuple[int, Member]], scope: Scope) -> list[tuple[int, Member]]:
        """The arms with a record and, if none of them is this execution's, one that has none.

        That is the one time travel goes to, else the first.
        """
        chosen, announced, others = [], [], []
        busy = False
        for one in members:
            entry = self.journal.get(paths.join(scope.path, one[1].key))
            if entry is None:
                others.append(one)
            elif entry.status is Status.PENDING:
                announced.append(one)
            else:
                chosen.append(one)
                busy = busy or self._is_of_now(entry)
        if not busy:
            chosen += [*announced, *others][:1]
        return sorted(chosen, key=lambda one: one[0])

    def _is_of_now(self, entry: Entry) -> bool:
        """Whether it is not just kept, nor waiting since an earlier execution."""
        if entry.taken:
            return False
        return entry.status in GOING or entry.ended > self.journal.execution.since

    _VISITORS: dict[type, Callable[..., Found]] = {
        StepNode: _single,
        WorkflowNode: _single,
        MapNode: _single,
        ParallelNode: _parallel,
        BranchNode: _branch,
        LoopNode: Repeats._loop,
        ForeachNode: Repeats._foreach,
        SleepNode: Repeats._wait,
        SleepUntilNode: Repeats._wait,
    }
