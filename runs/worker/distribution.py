"""Distributed steps, on the side of the worker that drives their run.

The driver offers each of them to all workers, itself among them, and waits for the report. The run
stays its own: it takes the report up in the journal as if it had performed the step itself. It may
leave at any time. Whoever drives the run next asks for the same task and finds it: waiting, being
performed, or with a report.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from django import db as database
from orjson import dumps, loads

from runs.conf import conf
from runs.definition.nodes import MapNode
from runs.engine.outcomes import Execute
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
#: Seconds between two looks for reports while some are awaited.
POLL_SECONDS = 0.05
logger = logging.getLogger("runs.worker")


def is_distributed(command: Execute) -> bool:
    return not isinstance(command.node, MapNode) and command.node.step.distribute


class Distributor:
    """All the tasks that the runs of one worker are waiting for; lives on its runner's loop."""

    def __init__(
        self, call: Call, begin: Callable[[Any], None], posted: Callable[[], None]
    ) -> None:
        self._call, self._begin, self._posted = call, begin, posted
        self._leaving = False
        self._awaited: dict[Key, asyncio.Future[Report | None]] = {}
        self._sessions: dict[Key, Session] = {}
        self._asked: list[Asked] = []
        self._polls = False

    async def execute(self, command: Execute, session: Session, pool: Pool) -> Report | None:
        """Have a body run by any worker; None if this worker leaves before it has ended."""
        if command.problem is not None:
            return perform.failed(command, command.problem)
        if self._leaving:
            return None
        asked = _asked(command, session)
        future = asyncio.get_running_loop().create_future()
        self._awaited[asked.key], self._sessions[asked.key] = future, session
        if not self._asked:
            self._begin(self._post())
        self._asked.append(asked)
        try:
            report: Report | None = await future
            return report
        finally:
            self._awaited.pop(asked.key, None)
            self._sessions.pop(asked.key, None)

    def leave(self) -> None:
        """This worker leaves: tasks go on without it, and are found by whoever comes next."""
        self._leaving = True
        for future in self._awaited.values():
            if not future.done():
                future.set_result(None)

    def discard(self, pks: list[int]) -> None:
        """What these reported is in the journal."""
        self._begin(self._call(members.discard, pks))

    async def _post(self) -> None:
        await asyncio.sleep(0)  # what else begins in this turn goes with it
        asked, self._asked = self._asked, []
        try:
            await self._call(members.post, asked)
            self._posted()
            await self._call(_send_tickets, len(asked))
        except database.Error as error:
            logger.warning("The database did not answer: %s", error)
            await asyncio.sleep(conf.SWEEP_SECONDS)
            self._asked += asked
            await self._post()
        if not self._polls:
            self._polls = True
            self._begin(self._poll())

    async def _poll(self) -> None:
        try:
            while self._awaited:
                try:
                    runs = {run_pk for run_pk, *_ in self._awaited}
                    for task in await self._call(members.reports, runs):
                        self._deliver(task)
                except database.Error as error:
                    logger.warning("The database did not answer: %s", error)
                await asyncio.sleep(POLL_SECONDS)
        finally:
            self._polls = False

    def _deliver(self, task: MemberTask) -> None:
        key = task.run_id, task.attempt, task.path, task.turn
        future = self._awaited.get(key)
        if future is None or future.done():
            return
        session = self._sessions[key]
        for type_, path, own in task.report["told"]:
            session.tell(type_, path, own)
        session.request_context.update(task.report["context"])
        if task.report["aborts"]:
            session.abort()
        future.set_result(reports.of_json(task.report, receipt=task.pk))


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
