"""Visits of nested workflows: begun, tried again and closed as the steps they are."""

from __future__ import annotations

from runs.definition.nodes import MapNode, StepNode, WorkflowNode
from runs.definition.workflow import Workflow
from runs.engine import inputs
from runs.engine import path as paths
from runs.engine import transitions as move
from runs.engine.journal import Entry, Status
from runs.engine.outcomes import OPEN, Done, Failed, Found, Notice, Open, Scope
from runs.engine.repeats import Repeats
from runs.engine.retry import RetryPolicy, policy_for


class Nesting(Repeats):
    """The state of a walk, with the visits of workflows inside workflows."""

    _scopes: dict[str, Scope]

    def _flow(self, scope: Scope) -> Found:
        raise NotImplementedError

    def _begin_workflow(self, node: WorkflowNode, scope: Scope, entry: Entry) -> Entry:
        entry.state = dict(scope.entry.state or {})
        problem = inputs.admit(node, scope, entry, self.journal.request_context)
        move.begin(self.journal, scope, entry, self.now)
        self.issued.add(entry.path)
        if problem is not None:
            self.issued.discard(entry.path)
            move.fail(self.journal, scope, entry, self.now, inputs.threw(problem))
        return entry

    def _scope(self, workflow: Workflow, entry: Entry, path: str, parent: Scope | None) -> Scope:
        # Whether inputs are validated is the outermost workflow's to say, as in Mastra.
        validates = parent.validates if parent else workflow.validate_inputs is not False
        return Scope(
            path=path,
            workflow=workflow,
            entry=entry,
            value=entry.input,
            ref=f"in:{entry.path}",
            validates=validates,
            silent=parent is not None and (parent.silent or entry.is_item),
        )

    def _nested(self, node: WorkflowNode, scope: Scope, entry: Entry) -> Found:
        if entry.status not in (Status.RUNNING, Status.RESUMED):
            return self._found(entry)
        if entry.wake_at is not None and not self.journal.canceled:
            if entry.wake_at > self.now:
                self.turn.wake(entry.wake_at)
                return OPEN
            entry.wake_at = None
            self.journal.touch(entry)
        path = paths.inner(entry.path, entry.tries + 1)
        inside = self._scopes.get(path)
        if inside is None:
            inside = self._scopes[path] = self._scope(node.workflow, entry, path, scope)
            if entry.status is Status.RUNNING and entry.path not in self.issued:
                move.begin_again(self.journal, scope, entry, self.now)
            self.issued.add(entry.path)
        if entry.status is Status.RESUMED:
            entry.status = Status.RUNNING
            self.journal.touch(entry)
        found = self._admitted(node, inside)
        admitted = isinstance(found, Done)
        if admitted:
            found = self._flow(inside)
        if isinstance(found, Open):
            return OPEN
        return self._close(node, scope, inside, found, began=admitted)

    def _admitted(self, node: WorkflowNode, inside: Scope) -> Found:
        """Whether ``on_start`` has let this try of a nested workflow begin."""
        if node.workflow.on_start is None:
            return Done(None, None, 0)
        return self._decide(
            "on_start",
            (node.workflow.on_start,),
            node,
            inside,
            inside.entry.input,
            path=paths.admission(inside.path),
        )

    def _close(
        self, node: WorkflowNode, scope: Scope, inside: Scope, found: Found, *, began: bool
    ) -> Found:
        """The nested flow has come to rest, or was not let begin; its entry says how."""
        entry = inside.entry
        del self._scopes[inside.path]
        # What a workflow sets after it was resumed counts, as a step's state, if it ends well.
        if not (isinstance(found, Failed) and entry.resuming):
            move.hand_up_state(self.journal, scope, entry)
        if isinstance(found, Failed) and self._again(node, scope, entry, found.entry):
            return self._nested(node, scope, entry)
        move.close_workflow(self.journal, scope, entry, found, self.now)
        if began or not isinstance(found, Failed):
            self.turn.notices.append(Notice(inside, found))
        return self._found(entry)

    def _again(self, node: WorkflowNode, scope: Scope, entry: Entry, failed: Entry) -> bool:
        # One that time travel entered would begin before the target.
        execution = self.journal.execution
        entered = execution.kind == "time_travel" and entry.begun <= execution.since
        retryable = not failed.non_retryable and not entered
        policy = self.policy(node, scope)
        if not move.tries_again(self.journal, entry, retryable, self.now, policy):
            entry.tries -= 1
            return False
        entry.state, entry.patched = dict(scope.entry.state or {}), ()
        return True

    def policy(self, node: StepNode | MapNode | WorkflowNode, scope: Scope) -> RetryPolicy:
        step = node.step if isinstance(node, StepNode) else None
        config = scope.workflow.retry_config
        return policy_for(
            step_retries=step.retries if step else None,
            step_delay=step.retry_delay if step else None,
            backoff=step.backoff if step else 1.0,
            jitter=step.jitter if step else None,
            attempts=config.attempts if config else 0,
            delay=config.delay_seconds if config else 0.0,
            resumed=self._was_resumed(scope),
        )

    def _was_resumed(self, scope: Scope) -> bool:
        """Whether this workflow itself goes on after a resume; one begun meanwhile does not."""
        if scope.path == paths.ROOT:
            return self.journal.execution.kind == "resume"
        return scope.entry.resuming
