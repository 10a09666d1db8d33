"""The run that a page is about, and who looks at it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse

from runs.access import Caller
from runs.definition import registry
from runs.definition.workflow import Workflow
from runs.engine.journal import ACTIVE, FINAL, Status
from runs.exceptions import NotFound, RunNotFound, WorkflowNotFound
from runs.models import Attempt, Run
from runs.operations.calls import bound
from runs.store import lease
from runs.ui.graph import GraphNode, read_graph
from runs.ui.pages import caller_of, whole
from runs.ui.run import log, rows
from runs.ui.run.rows import Row
from runs.worker import assignees


@dataclass
class Subject:
    """A run and an attempt of it as they are now; each thing is read once, when asked for."""

    caller: Caller
    run: Run
    attempt: int
    #: Milliseconds of the server's clock; all that is shown as passing is counted from it.
    now: int
    #: The number of the next event. It is read before all else: what comes meanwhile is shown
    #: already, and told again; never the other way around.
    next: int

    @cached_property
    def rows(self) -> list[Row]:
        return rows.load(self.run, self.attempt)

    @cached_property
    def attempts(self) -> list[Attempt]:
        return list(self.run.attempts)

    @cached_property
    def workflow(self) -> Workflow | None:
        """The definition; None if the code no longer has it."""
        try:
            return registry.get_workflow(self.run.workflow_id)
        except WorkflowNotFound:
            return None

    @cached_property
    def nodes(self) -> Sequence[GraphNode]:
        """The graph of the version that the run began with."""
        version = self.run.version
        return read_graph(version.graph or []) if version is not None else ()

    @property
    def is_current(self) -> bool:
        return self.attempt == self.run.attempt

    @cached_property
    def is_held(self) -> bool:
        return lease.is_held(self.run)

    @property
    def is_canceling(self) -> bool:
        return self.run.status == Status.CANCELED and self.run.ended_at is None

    @property
    def status(self) -> str:
        """Of the attempt shown; the run's own if that is the current one."""
        if self.is_current:
            return str(self.run.status)
        found = next((one for one in self.attempts if one.attempt == self.attempt), None)
        return found.status if found is not None else Status.PENDING.value

    def may(self, action: str) -> bool:
        return self.caller.may(action)

    @property
    def may_view_payload(self) -> bool:
        return self.caller.may("view_payload")

    def may_answer(self, row: Row) -> bool:
        allowed = self.is_current and self.run.status == Status.SUSPENDED
        if not (allowed and row.waits_for_answer and self.may("resume_run")):
            return False
        return self.caller.user is None or assignees.is_among(self.caller.user, row.assignees)

    @property
    def can_cancel(self) -> bool:
        return self.is_current and self.run.status not in FINAL and self.may("cancel_run")

    @property
    def can_restart(self) -> bool:
        """Runs go on by themselves; restarting one is for when nobody works on it."""
        active = self.is_current and self.run.status in ACTIVE
        return active and not self.is_held and self.may("restart_run")

    @property
    def can_travel(self) -> bool:
        allowed = self.is_current and self.run.status not in (*ACTIVE, Status.PENDING)
        return allowed and not self.is_canceling and self.may("time_travel_run")

    @property
    def can_start_again(self) -> bool:
        """As another run, with the same input or a little changed."""
        ended = self.run.status in FINAL and self.workflow is not None
        return ended and self.may("start_run") and self.may_view_payload

    @property
    def can_delete(self) -> bool:
        return self.run.status not in ACTIVE and self.may("delete_run")

    def bound(self) -> Run:
        """The run as operations take it; WorkflowNotFound if the code has its workflow no more."""
        return bound(self.run, registry.get_workflow(self.run.workflow_id), None)

    @property
    def travel_url(self) -> str:
        return self.url("run-travel")

    def url(self, name: str = "run", **arguments: str) -> str:
        where = {"workflow_id": self.run.workflow_id, "run_id": self.run.run_id}
        return reverse(f"runs:{name}", kwargs=where | arguments)


def subject(request: HttpRequest, workflow_id: str, run_id: str) -> Subject:
    """The run of an address, if its caller may see it; else RunNotFound."""
    caller = caller_of(request)
    now = time.time_ns() // 1_000_000
    found = caller.find_run(workflow_id, run_id)
    following = log.total(found)
    run = Run.objects.select_related("version", "started_by").filter(pk=found.pk).first()
    if run is None:  # it was deleted meanwhile
        raise RunNotFound(run_id=run_id, workflow_id=workflow_id)
    attempt = attempt_of(request, "attempt", run, run.attempt)
    return Subject(caller, run, attempt, now, following)


def attempt_of(request: HttpRequest, name: str, run: Run, default: int) -> int:
    """The attempt that the address names, if it does; else NotFound where the run has no such."""
    text = request.GET.get(name, "")
    if not text:
        return default
    attempt = whole(text)
    if attempt is None or not 1 <= attempt <= run.attempt:
        raise NotFound(f"This run has no attempt {text[:20]!r}")
    return attempt
