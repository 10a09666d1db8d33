"""Distributed steps, on the side of the worker that performs them.

A helper knows the run only as far as the body asks for it: its input and state come with the task,
earlier results are read when they are wanted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django import db as database
from django.db import connection

from runs.conf import conf
from runs.definition import registry
from runs.definition.nodes import StepNode, recorded_nodes
from runs.definition.workflow import Workflow
from runs.engine.journal import Entry, Journal, Kind, Status
from runs.engine.outcomes import Execute, Scope, Threw
from runs.exceptions import DefinitionChanged, LeaseLost, RunsError
from runs.models import MemberTask, Run
from runs.store import journals, lease, members
from runs.worker import perform, reports
from runs.worker.abort import AbortSignal
from runs.worker.perform import Pool, Report
from runs.worker.request_context import RequestContext
from runs.worker.session import run_id_in

Json = Any
Call = Callable[..., Awaitable[Any]]
#: Milliseconds until a task whose step a worker does not know is offered again.
UNKNOWN_PAUSE = 5_000
logger = logging.getLogger("runs.worker")


class Helper:
    """The tasks one worker performs at the moment; lives on its runner's loop."""

    def __init__(self, worker: str, call: Call, pool: Pool, begin: Callable[[Any], None]) -> None:
        self._worker, self._call, self._pool, self._begin = worker, call, pool, begin
        self._held: dict[int, tuple[MemberTask, AbortSignal]] = {}
        self._looking = asyncio.Lock()
        self._leaving = False

    async def look(self) -> None:
        """Take up tasks, as many as there are threads for; to be called again and again."""
        async with self._looking:
            room = 0 if self._leaving else conf.WORKER_THREADS - len(self._held)
            if room <= 0:
                return
            for task in await self._call(members.claim, self._worker, room):
                if self._leaving:
                    await self._call(members.put_back, task, lease.now_ms())
                    continue
                self._held[task.pk] = task, AbortSignal()
                self._begin(self._perform(task))

    def leave(self) -> None:
        """Take up nothing more; what is going on may end."""
        self._leaving = True

    def beat(self) -> None:
        """Keep what is being performed; from the thread of the heartbeat."""
        held = {pk: task.fence for pk, (task, _) in list(self._held.items())}
        for pk in members.heartbeat(self._worker, held) if held else ():
            found = self._held.get(pk)
            if found is not None:
                found[1].fire()

    async def _perform(self, task: MemberTask) -> None:
        try:
            errand = await self._call(_opened, task, self._held[task.pk][1])
            if errand is not None:
                report = await errand.perform(self._pool)
                await self._hand_in(task, errand.told_of(report))
        except Exception:
            logger.exception("Task %s stopped; it is due again when its lease ends", task)
        finally:
            del self._held[task.pk]
        await self.look()

    async def _hand_in(self, task: MemberTask, report: Json) -> None:
        """A body that ran must not run again because the database was away for a moment."""
        while True:
            try:
                if not await self._call(members.report, task, report):
                    logger.warning("Nobody wants the report of task %s any more", task)
                return
            except database.Error as error:
                logger.warning("The database did not answer: %s", error)
                await asyncio.sleep(conf.SWEEP_SECONDS)


def _opened(task: MemberTask, signal: AbortSignal) -> Errand | None:
    """What is to be done; None if nobody wants it any more, or this worker cannot do it."""
    run = Run.objects.filter(pk=task.run_id).first()
    if run is None or run.attempt != task.attempt or not run.is_going_on:
        members.discard([task.pk])
        return None
    try:
        workflow = registry.get_workflow(run.workflow_id)
        node, inner = find_step(workflow, task.path)
    except RunsError as error:
        logger.warning("%s is left to another worker: %s", task, error)
        members.put_back(task, lease.now_ms() + UNKNOWN_PAUSE)
        return None
    return Errand(run, task, node, inner, signal)


def find_step(workflow: Workflow, path: str) -> tuple[StepNode, Workflow]:
    """The step that a path names, and the (nested) workflow it stands in."""
    *scopes, last = (_key(segment) for segment in path.split("/"))
    for key in scopes:
        workflow = getattr(_node(workflow, key), "workflow", workflow)
    node = _node(workflow, last)
    if not isinstance(node, StepNode):
        raise DefinitionChanged(f"Workflow {workflow.id!r} has no step at {path!r}")
    return node, workflow


def _key(segment: str) -> str:
    for mark in "#[!?":
        segment = segment.partition(mark)[0]
    return segment


def _node(workflow: Workflow, key: str) -> Any:
    nodes = (node for entry in workflow.flow for node in recorded_nodes(entry))
    return next((node for node in nodes if node.key == key), None)


class Errand:
    """One task being performed: to the body's context it is the session of its run."""

    def __init__(
        self, run: Run, task: MemberTask, node: StepNode, workflow: Workflow, signal: AbortSignal
    ) -> None:
        luggage = task.luggage
        self.run_pk, self.run_id, self.resource_id = run.pk, run.run_id, run.resource_id
        self.workflow, self.signal = workflow, signal
        self.request_context = RequestContext(luggage["context"])
        self.journal = Luggage(run, luggage["holder"])
        self._context = dict(luggage["context"])
        self._told: list[tuple[str, str, Json]] = []
        self._aborts = False
        self._problem = _reason_not_to(run, task)
        self._task, self._opened_at = task, time.monotonic()
        self._command = _command(task, node, workflow, self.journal)
        if run.canceled_at is not None:
            signal.fire()

    async def perform(self, pool: Pool) -> Report:
        if self._problem is not None:
            return Report(Threw({"message": self._problem, "name": "RunsError"}, retryable=False))
        return await perform.execute(self._command, self, pool)  # type: ignore[arg-type]

    def told_of(self, report: Report) -> Json:
        """The report, with all that the body did to its run."""
        context = dict(self.request_context)
        changed = {key: value for key, value in context.items() if self._context.get(key) != value}
        own = {"told": self._told, "context": changed, "aborts": self._aborts}
        return reports.to_json(report) | own

    def prove(self) -> None:
        """Make sure that the task is this worker's still, if its body waited long for a thread."""
        late = time.monotonic() - self._opened_at >= lease.lasts()
        if late and not members.keep(self._task):
            raise LeaseLost(run_pk=self.run_pk)

    # --- what a body's context asks of a session ----------------------------------------------

    def tell(self, type_: str, path: str, own: dict[str, Json]) -> None:
        self._told.append((type_, path, own))

    def abort(self) -> None:
        self._aborts = True
        self.signal.fire()

    def run_id_of(self, scope: Scope) -> str:
        return run_id_in(self.run_id, scope)


def _reason_not_to(run: Run, task: MemberTask) -> str | None:
    if run.canceled_at is not None:
        return "The run was canceled before a worker took this step up"
    if task.fence > conf.MAX_RECOVERIES + 1:
        return (
            f"The step was taken up {task.fence - 1} times by workers that died while it ran; "
            "it is not tried again (RUNS_MAX_RECOVERIES)"
        )
    return None


def _command(task: MemberTask, node: StepNode, workflow: Workflow, journal: Luggage) -> Execute:
    luggage = task.luggage
    entry = Entry(
        path=task.path,
        step_id=node.id,
        kind=Kind.STEP,
        status=Status.RUNNING,
        input=luggage["input"],
        tries=luggage["tries"],
        resuming=luggage["resuming"],
        resume_payload=luggage["resume"],
        suspend_payload=luggage["suspend"],
    )
    holder: Any = Holder(journal, luggage["state"])
    scope = Scope(
        path=luggage["scope"],
        workflow=workflow,
        entry=holder,
        validates=luggage["validates"],
        silent=luggage["silent"],
    )
    return Execute(task.path, node, entry, scope)


class Luggage:
    """As much of the run's journal as a body may ask for, read when it does."""

    def __init__(self, run: Run, holder: str) -> None:
        self._run, self._holder = run, holder
        self._journal: Journal | None = None
        self.resource_id = run.resource_id

    @property
    def init_data(self) -> Json:
        found = _apart(journals.load_entries, self._run.pk, self._run.attempt, [self._holder])
        return found[self._holder].input

    def latest_of(self, scope: str, step_id: str) -> Entry | None:
        if self._journal is None:
            self._journal = _apart(journals.load, self._run)
        assert self._journal is not None
        return self._journal.latest_of(scope, step_id)


def _apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Read in a thread of its own: the body may be a coroutine, whose loop has no database."""

    def read() -> Any:
        try:
            return function(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(1, "runs-luggage") as pool:
        return pool.submit(read).result()


class Holder:
    """Stands for the entry of the workflow that the step lies in."""

    def __init__(self, journal: Luggage, state: Json) -> None:
        self._journal, self.state = journal, state

    @property
    def input(self) -> Json:
        return self._journal.init_data
