"""Group commit: one connection writes for all runs of a worker, one transaction at a time.

While one transaction is being committed the next writes gather, and go into one transaction
together: under load a commit's cost is shared by as many steps as there are runs. Alone, a write
waits for nobody. The loop's writes are stored by a thread for that; a thread that may wait stores
its own, if nobody else is writing.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections

from runs.store import ledger
from runs.store.ledger import Write, Written

logger = logging.getLogger("runs.worker")
#: Writes in one transaction at most, so that nobody waits long for a lock.
LARGEST = 200


@dataclass(frozen=True, slots=True)
class _Job:
    write: Write
    #: Called in the writer's thread with what came of it.
    settle: Callable[[Written | Exception], None]


class _Gathering:
    """Answers to many writes; whoever waits for them is woken once."""

    def __init__(self, count: int) -> None:
        self._answers: list[Any] = [None] * count
        self._missing = count
        self._all = threading.Lock()
        self._all.acquire()

    def settle(self, number: int, answer: Written | Exception) -> None:
        self._answers[number] = answer
        self._missing -= 1
        if not self._missing:
            self._all.release()

    def wait(self) -> list[Written | Exception]:
        self._all.acquire()
        return self._answers


class GroupWriter:
    """Stores writes on a connection of its own, which no body can have left in a transaction."""

    def __init__(self) -> None:
        self._database = connections.create_connection(DEFAULT_DB_ALIAS)
        self._database.inc_thread_sharing()
        #: Held by the thread that is writing.
        self._turn = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="runs-writer", daemon=True)
        self._thread.start()

    async def store(self, write: Write) -> Written:
        """Store a write; returns once it is committed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Written] = loop.create_future()

        def settle(answer: Written | Exception) -> None:
            with suppress(RuntimeError):  # its loop is gone, and with it whoever waited
                loop.call_soon_threadsafe(_set, future, answer)

        self._jobs.put(_Job(write, settle))
        return await future

    def store_here(self, writes: Sequence[Write]) -> list[Written | Exception]:
        """The same for many writes, and a thread that may wait; what came of each, in order."""
        gathering = _Gathering(len(writes))
        jobs = [_Job(write, partial(gathering.settle, at)) for at, write in enumerate(writes)]
        if self._turn.acquire(blocking=False):
            try:
                self._commit(jobs)
            finally:
                self._turn.release()
        else:
            for job in jobs:
                self._jobs.put(job)
        return gathering.wait()

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            first = self._jobs.get()
            batch = [] if first is None else [first]
            with self._turn:
                open_ = first is not None and self._gather(batch)
                if batch:
                    self._commit(batch)
        with self._connected():
            connection.close()

    def _gather(self, batch: list[_Job]) -> bool:
        """Add what has arrived meanwhile; false when the end has."""
        while len(batch) < LARGEST:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return True
            if job is None:
                return False
            batch.append(job)
        return True

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Have this thread use the writer's connection while inside; its own stays as it is."""
        own = connections[DEFAULT_DB_ALIAS]
        connections[DEFAULT_DB_ALIAS] = self._database
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = own

    def _commit(self, batch: list[_Job]) -> None:
        """Store in one transaction; only for who has the turn."""
        try:
            with self._connected():
                answers = ledger.append([job.write for job in batch])
        except Exception as error:
            self._rescue(batch, error)
            return
        for job, answer in zip(batch, answers, strict=True):
            job.settle(answer)

    def _rescue(self, batch: list[_Job], error: Exception) -> None:
        """One bad write must not take the others with it: write each by itself."""
        if len(batch) == 1:
            logger.error("Run %s could not be written: %s", batch[0].write.run_pk, error)
            with self._connected():
                connection.close()
            batch[0].settle(error)
            return
        for job in batch:
            self._commit([job])


def _set(future: asyncio.Future[Written], answer: Written | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
