"""Distributed steps, on the side of the worker that drives their run.

The driver offers each of them to all workers, itself among them, and waits for the report. The run
stays its own: it takes the report up in the journal as if it had performed the step itself. It may
leave at any time. Whoever drives the run next asks for the same task and finds it: waiting, being
performed, or with a report.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import db as database
from orjson import dumps, loads

from runs.conf import conf
from runs.definition.nodes import MapNode
from runs.engine.outcomes import Execute
from runs.exceptions import LeaseLost
from runs.models import MemberTask, WorkerProcess
from runs.store import members
from runs.store.members import Asked
from runs.worker import perform, reports, tasks
from runs.worker.perform import Pool, Report

if TYPE_CHECKING:
    from runs.worker.session import Session

Json = Any
Key = tuple[int, int, str, str]
#: Calls a function that uses the database, in a thread for that.
Call = Callable[..., Awaitable[Any]]
#: Seconds between two looks for reports while some are awaited, at first and at most.
POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 0.25
logger = logging.getLogger("runs.worker")


def is_distributed(command: Execute) -> bool:
    return not isinstance(command.node, MapNode) and command.node.step.distribute


@dataclass(frozen=True, slots=True)
class _Wait:
    """A driver that waits for a report."""

    session: Session
    future: asyncio.Future[Report | None]

    def end(self, report: Report | None) -> None:
        if not self.future.done():
            self.future.set_result(report)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Distributor:
    """All the tasks that the runs of one worker are waiting for; lives on its runner's loop."""

    def __init__(
        self, call: Call, begin: Callable[[Any], None], posted: Callable[[], None]
    ) -> None:
        self._call, self._begin, self._posted = call, begin, posted
        self._leaving = False
        self._waits: dict[Key, _Wait] = {}
        self._asked: list[Asked] = []
        self._polls = False

    async def execute(self, command: Execute, session: Session, pool: Pool) -> Report | None:
        """Have a body run by any worker; None if this worker leaves before it has ended."""
        if command.problem is not None:
            return perform.failed(command, command.problem)
        if self._leaving:
            return None
        asked = _asked(command, session)
        if (older := self._waits.get(asked.key)) is not None:
            older.fail(LeaseLost(run_pk=session.run_pk))  # this worker took its own run over
        wait = self._waits[asked.key] = _Wait(session, asyncio.get_running_loop().create_future())
        if not self._asked:
            self._begin(self._post())
        self._asked.append(asked)
        try:
            return await wait.future
        finally:
            if self._waits.get(asked.key) is wait:
                del self._waits[asked.key]

    def leave(self) -> None:
        """This worker leaves: tasks go on without it, and are found by whoever comes next."""
        self._leaving = True
        for wait in self._waits.values():
            wait.end(None)

    def discard(self, pks: list[int]) -> None:
        """What these reported is in the journal."""
        self._begin(self._call(members.discard, pks))

    async def _post(self) -> None:
        await asyncio.sleep(0)  # what else begins in this turn goes with it
        asked, self._asked = self._asked, []
        try:
            await self._patiently(members.post, asked)
        except Exception as error:
            for wait in [self._waits[one.key] for one in asked if one.key in self._waits]:
                wait.fail(error)
            return
        self._posted()
        if not self._polls:
            self._polls = True
            self._begin(self._poll())
        await self._patiently(_send_tickets, len(asked))

    async def _poll(self) -> None:
        pause, fences_at = POLL_SECONDS, 0.0
        try:
            while self._waits:
                runs = {run_pk for run_pk, *_ in self._waits}
                found = await self._patiently(members.reports, runs)
                for task in found:
                    self._deliver(task)
                if time.monotonic() > fences_at:
                    fences_at = time.monotonic() + conf.HEARTBEAT_SECONDS
                    self._dismiss(runs, await self._patiently(members.fences, runs))
                pause = POLL_SECONDS if found else min(pause * 1.5, LONGEST_POLL_SECONDS)
                await asyncio.sleep(pause)
        finally:
            self._polls = False

    def _dismiss(self, runs: set[int], fences: dict[int, int]) -> None:
        """A run that somebody else has taken over, or that is gone, is nothing to wait for."""
        for wait in list(self._waits.values()):
            run_pk = wait.session.run_pk
            if run_pk in runs and fences.get(run_pk) != wait.session.fence:
                wait.fail(LeaseLost(run_pk=run_pk))

    def _deliver(self, task: MemberTask) -> None:
        wait = self._waits.get((task.run_id, task.attempt, task.path, task.turn))
        if wait is None or wait.future.done():
            return
        for type_, path, own in task.report["told"]:
            wait.session.tell(type_, path, own)
        wait.session.request_context.update(task.report["context"])
        if task.report["aborts"]:
            wait.session.abort()
        wait.end(reports.of_json(task.report, receipt=task.pk))

    async def _patiently(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call until the database answers."""
        while True:
            try:
                return await self._call(function, *arguments)
            except database.Error as error:
                logger.warning("The database did not answer: %s", error)
                await asyncio.sleep(conf.SWEEP_SECONDS)


def _asked(command: Execute, session: Session) -> Asked:
    entry, scope, journal = command.entry, command.scope, session.journal
    luggage = {
        "input": entry.input,
        "tries": entry.tries,
        "resuming": entry.resuming,
        "resume": entry.resume_payload,
        "suspend": entry.suspend_payload,
        "state": scope.entry.state,
        "scope": scope.path,
        "holder": scope.entry.path,
        "validates": scope.validates,
        "silent": scope.silent,
        "context": dict(session.request_context),
    }
    # Once for each try and each resume of a path; the same for whoever asks for it again.
    turn = f"{entry.tries}.{entry.ended}"
    about = session.run_pk, session.fence, journal.attempt
    # A copy: other bodies may change the state while this waits to be written.
    return Asked(*about, command.path, turn, loads(dumps(luggage)))


def _send_tickets(count: int) -> None:
    """Wake the other workers; who misses it finds the tasks with the next sweep."""
    others = WorkerProcess.objects.alive().count() - 1
    for _ in range(min(count, others)):
        tasks.enqueue_look()
