"""The events of a run as something to iterate over."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from asgiref.sync import sync_to_async

from runs.conf import conf
from runs.engine import events
from runs.engine import path as paths
from runs.engine.events import Event
from runs.engine.result import WorkflowResult
from runs.models import Run
from runs.store import history, row
from runs.worker import execution, feed, hearing
from runs.worker.session import Session

Json = Any


class RunStream:
    """Wire-shaped events, in order, each once; iterate with ``for`` or ``async for``.

    ``result()`` and ``aresult()`` give the outcome of the execution that is streamed, once it has
    ended; iterating first is not needed. A call that was refused still is a stream: its start, its
    failed finish, and a result that raises.
    """

    def __init__(
        self,
        run: Run,
        offset: int,
        *,
        session: Session | None = None,
        told: Sequence[Event] = (),
        refused: Exception | None = None,
        until_finish: bool = True,
        output_options: dict[str, bool] | None = None,
    ) -> None:
        self.run = run
        self._offset = offset
        self._refused = refused
        self._until_finish = until_finish
        self._options = output_options
        self._buffer: deque[dict[str, Json]] = deque(_shown(session, told))
        self._session = session
        self._ended = False
        self._steps: Iterator[None] | None = None
        self._task: asyncio.Task[WorkflowResult] | None = None
        self._result: WorkflowResult | None = None

    # --- in a thread --------------------------------------------------------------------------

    def __iter__(self) -> Iterator[dict[str, Json]]:
        if self._refused is not None:
            return iter(self._refusal(self._refused))
        return self._follow() if self._session is None else self._drive(self._session)

    def result(self) -> WorkflowResult:
        if self._refused is not None:
            raise self._refused
        if self._session is not None:
            for _ in self:
                pass
            return execution.result_of(self._session, self._options)
        return execution.wait(self.run, self._options)

    def _drive(self, session: Session) -> Iterator[dict[str, Json]]:
        """Drive the run here, piece by piece, as its events are asked for."""
        with _collected(session.run_pk, self._buffer.append):
            if self._steps is None:
                self._steps = execution.steps_here(session)
            while self._buffer:
                yield self._buffer.popleft()
            for _ in self._steps:
                while self._buffer:
                    yield self._buffer.popleft()
        while self._buffer:
            yield self._buffer.popleft()

    def _follow(self) -> Iterator[dict[str, Json]]:
        """Read what is stored; while the run goes on, look again and again."""
        with hearing.bell(self.run.pk) as bell:
            while not self._ended:
                found = self._read()
                yield from found
                if not found and not self._ended:
                    self._check_workers()
                    bell.wait(conf.STREAM_POLL_SECONDS)

    def _check_workers(self) -> None:
        """Who has just made the run go must not wait for workers that do not exist."""
        if self._until_finish:
            execution.check_workers(self.run)

    def _read(self) -> list[dict[str, Json]]:
        now = row.read(self.run.pk)
        active = now is not None and now.is_going_on
        found = history.read(self.run.pk, self.run.run_id, self._offset)
        shown = []
        for told in found:
            self._offset = told.seq + 1
            shown.append(told.event)
            if self._until_finish and told.type == events.FINISH:
                self._ended = True
                return shown
        if not active and len(found) < history.BATCH:
            self._ended = True
        return shown

    # --- on an event loop ---------------------------------------------------------------------

    async def __aiter__(self) -> AsyncIterator[dict[str, Json]]:
        if self._refused is not None:
            for event in self._refusal(self._refused):
                yield event
        elif self._task is not None:
            async for event in self._listen():
                yield event
        else:
            async for event in self._follow_on_loop():
                yield event

    async def _follow_on_loop(self) -> AsyncIterator[dict[str, Json]]:
        with hearing.loop_bell(self.run.pk) as bell:
            while not self._ended:
                found = await sync_to_async(self._read)()
                for event in found:
                    yield event
                if not found and not self._ended:
                    await sync_to_async(self._check_workers)()
                    await bell.wait(conf.STREAM_POLL_SECONDS)

    async def aresult(self) -> WorkflowResult:
        if self._refused is not None:
            raise self._refused
        if self._task is not None:
            return await asyncio.shield(self._task)
        return await execution.await_outcome(self.run, self._options)

    def begin(self) -> RunStream:
        """Start to drive the run as a task of the running loop."""
        assert self._session is not None
        self._queue: asyncio.Queue[dict[str, Json] | None] = asyncio.Queue()
        while self._buffer:
            self._queue.put_nowait(self._buffer.popleft())
        self._task = asyncio.ensure_future(self._drive_task(self._session))
        return self

    async def _drive_task(self, session: Session) -> WorkflowResult:
        try:
            with _collected(session.run_pk, self._queue.put_nowait):
                return await execution.run_on_loop(session, self._options)
        finally:
            self._queue.put_nowait(None)

    async def _listen(self) -> AsyncIterator[dict[str, Json]]:
        while (event := await self._queue.get()) is not None:
            yield event
        assert self._task is not None
        if self._task.done() and not self._task.cancelled():
            self._task.exception()

    # --- a call that was refused --------------------------------------------------------------

    def _refusal(self, error: Exception) -> list[dict[str, Json]]:
        from runs.worker.perform import error_of

        finish = {
            "workflowStatus": "failed",
            "metadata": {"error": error_of(error), "errorMessage": str(error)},
            "output": {"usage": events.USAGE},
        }
        started = {"workflowId": self.run.workflow_id}
        return [
            {"type": name, "runId": self.run.run_id, "from": "WORKFLOW", "payload": payload}
            for name, payload in ((events.START, started), (events.FINISH, finish))
        ]


def _shown(session: Session | None, told: Sequence[Event]) -> list[dict[str, Json]]:
    if session is None:
        return []
    journal = session.journal
    root = journal.get(paths.ROOT)
    return [events.wire(one, session.run_id, journal.get(one.path), root) for one in told]


class _collected:
    """While inside, hand each event of a run to ``take``."""

    def __init__(self, run_pk: int, take: Callable[[dict[str, Json]], Any]) -> None:
        self._run_pk, self._take = run_pk, take

    def __enter__(self) -> None:
        self._stop = feed.subscribe(self._run_pk, lambda _, event: self._take(event))

    def __exit__(self, *_: object) -> None:
        self._stop()
