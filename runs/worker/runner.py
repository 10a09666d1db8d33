"""The runner: drives many runs at once in a worker process.

An asyncio loop in a thread of its own claims runs that are due, up to its slots, and drives them
concurrently. Blocking bodies go to a pool of threads, writes to one writer thread, and signs of
life come from another, so nothing that blocks holds up the loop, and nothing at all the heartbeat.
It claims

* the run a ticket names, at once;
* by sweeping, whatever is due: timers, runs whose ticket got lost, runs whose worker is gone.

Every process has one runner, made after the fork by :func:`current_runner`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from django import db as database
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from runs.conf import conf
from runs.exceptions import LeaseLost
from runs.models import WorkerProcess
from runs.store import lease, members
from runs.store.lease import Claim
from runs.worker import duties, takeover
from runs.worker.distribution import Distributor
from runs.worker.drive import drive
from runs.worker.duties import Duty
from runs.worker.heartbeat import Heartbeat
from runs.worker.helper import Helper
from runs.worker.rounds import Rounds
from runs.worker.session import Session
from runs.worker.watchdog import Watchdog
from runs.worker.writer import GroupWriter

logger = logging.getLogger("runs.worker")
#: A worker with so many runs at least lets tickets gather for so long: runs that are taken up
#: together cost a quarter, and would have to wait for those runs anyway.
BUSY, GATHER_SECONDS = 8, 0.01


class Runner:
    """Claims and drives runs until it is drained. ``wake`` and ``drain`` are thread-safe."""

    def __init__(self) -> None:
        self.id = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._sessions: dict[int, Session] = {}
        #: Slots in use: by runs that are driven, and by those that are just being taken up.
        self._taken = 0
        #: A ticket came while no slot was free, not even for the moment of a sweep.
        self._missed = False
        #: Runs that tickets have named, and whether somebody is at it to take them up.
        self._named: list[int] = []
        self._claims = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._swept_at = timezone.now()
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._heartbeat = Heartbeat(self._beat)
        self._writer = GroupWriter()
        #: Those of the pools' threads, for drain to close when these have ended.
        self._connections: list[BaseDatabaseWrapper] = []
        self._database = self._threads(2, "runs-database")
        self._bodies = self._threads(conf.WORKER_THREADS, "runs-step")
        #: As many as for all bodies, for when each of those that are quick waits for once.
        self._crews = self._threads(conf.WORKER_THREADS, "runs-rounds")
        self._rounds = Rounds(self._crews.submit, self._writer.store_here)
        self._helper = Helper(self.id, self._call, self._pool, self._begin)
        self._distributor = Distributor(
            self._call, self._begin, lambda: self._begin(self._helper.look())
        )
        self._thread = threading.Thread(target=self._run, name="runs-runner", daemon=True)

    def _threads(self, count: int, name: str) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(count, name, initializer=self._keep_connection)

    def _keep_connection(self) -> None:
        connection.inc_thread_sharing()
        self._connections.append(connections[DEFAULT_DB_ALIAS])

    def start(self) -> Runner:
        self._thread.start()
        return self

    # --- from other threads -------------------------------------------------------------------

    def wake(self, *run_pks: int) -> None:
        """Look at these runs now; without any, at whatever is due."""
        if not self._draining and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hear, run_pks)

    def drain(self, timeout_seconds: float) -> None:
        """Finish the bodies that are running, give up all runs, and stop."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._begin_to_drain)
        self._thread.join(timeout_seconds)
        if self._thread.is_alive():
            logger.warning("Bodies still run after %s s; their runs are given up", timeout_seconds)
            # Who has given up is no worker any more, whatever its bodies still do.
            self._heartbeat.stop()
            lease.abandon(self.id)
            self._sign_off()
        else:
            self._writer.close()
            self._database.shutdown()
            self._bodies.shutdown()
            self._crews.shutdown()
            for used in self._connections:
                used.close()

    # --- the loop -----------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        finally:
            self._loop.close()

    async def _live(self) -> None:
        watchdog = Watchdog(self._loop)
        self._heartbeat.start()
        watchdog.start()
        tending = [asyncio.ensure_future(self._tend(duty)) for duty in duties.take_up()]
        await self._every(lambda: conf.SWEEP_SECONDS, self._sweep, self._ended)
        await asyncio.gather(*tending)
        while self._tasks:
            await asyncio.wait(set(self._tasks))
        watchdog.stop()
        await self._call(self._heartbeat.stop)
        await self._call(self._sign_off)

    async def _tend(self, duty: Duty) -> None:
        look = partial(duty.look, self._call)
        await self._every(lambda: conf.SWEEP_SECONDS, look, self._ended)
        await duty.close()

    async def _every(
        self, period: Callable[[], float], work: Callable[[], Any], end: asyncio.Event
    ) -> None:
        while not end.is_set():
            try:
                await work()
            except database.Error as error:
                logger.warning("The database did not answer: %s", error)
            except Exception:
                logger.exception("Something unforeseen; the runner goes on")
            with suppress(TimeoutError):
                await asyncio.wait_for(end.wait(), period())

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something that uses the database, in a thread for that."""
        return await self._loop.run_in_executor(self._database, _fresh, function, *arguments)

    async def _pool(self, function: Callable[[Any], Any], ctx: Any) -> Any:
        """Call a blocking body, in a thread for those."""
        return await self._loop.run_in_executor(self._bodies, _fresh, function, ctx)

    def _begin(self, work: Any) -> None:
        if self._draining:
            work.close()
        else:
            self._spawn(work)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin_to_drain(self) -> None:
        self._draining = True
        for session in self._sessions.values():
            session.close()
        self._helper.leave()
        self._distributor.leave()
        self._ended.set()

    # --- claiming and driving -----------------------------------------------------------------

    @property
    def _free(self) -> int:
        return 0 if self._draining else conf.WORKER_SLOTS - self._taken

    def _hear(self, run_pks: Sequence[int]) -> None:
        self._named += run_pks
        if not run_pks:
            self._begin(self._claim(()))
        elif not self._claims:
            self._claims = True
            self._begin(self._claim_named())

    async def _claim_named(self) -> None:
        """Take up what tickets name; the more is going on already, the more of them at once."""
        try:
            while self._named:
                if self._taken >= BUSY:
                    await asyncio.sleep(GATHER_SECONDS)
                run_pks, self._named = self._named, []
                await self._claim(run_pks)
        finally:
            self._claims = False

    async def _claim(self, run_pks: Sequence[int]) -> None:
        """Take up runs that a ticket names; what goes wrong here, the next sweep makes good."""
        wanted = run_pks[: max(self._free, 0)]
        if len(wanted) < len(run_pks):
            self._missed = True
        try:
            if not run_pks:
                await self._sweep()
            elif wanted:
                with self._slot(len(wanted)):
                    # Those that are open when it already drains are given up by their drivers.
                    self._let_go(await self._call(takeover.take_up, wanted, self.id))
        except database.Error as error:
            logger.warning("The database did not answer: %s", error)

    async def _sweep(self) -> None:
        """Take up what is due; once more if meanwhile a ticket found all slots held by this.

        ``_missed`` stays set when there may be more due than there are slots."""
        self._missed = True
        while self._missed and (free := self._free) > 0:
            self._missed = False
            with self._slot(free):
                claims = await self._call(lease.claim_due, self.id, free)
                await self._drive_all(claims)
            if self._draining:
                return
            self._missed = self._missed or len(claims) == free
        await self._helper.look()
        self._swept_at = timezone.now()

    async def _drive_all(self, claims: Sequence[Claim]) -> None:
        """Open runs, all at once, and let each go its way."""
        if self._draining:
            await self._call(lease.release, self.id, [claim.run_pk for claim in claims])
        elif claims:
            self._let_go(await self._call(takeover.open_claimed, claims))

    def _let_go(self, sessions: Sequence[Session]) -> None:
        """Let each run go its way; each takes a slot of its own."""
        for session in sessions:
            self._taken += 1
            self._spawn(self._drive(session))

    @contextmanager
    def _slot(self, count: int = 1) -> Iterator[None]:
        """Hold slots while inside."""
        self._taken += count
        try:
            yield
        finally:
            self._taken -= count

    async def _drive(self, session: Session) -> None:
        """Drive a run whose slot is taken already."""
        self._sessions[session.run_pk] = session
        try:
            if self._draining:
                session.close()
            session.elsewhere = self._distributor
            store, rounds = self._writer.store, self._rounds
            if await drive(session, store, self._pool, holds=False, rounds=rounds):
                await self._forget_tasks(session)
        except LeaseLost:
            logger.warning("Run %s was taken over by another worker", session.run_pk)
        except Exception:
            logger.exception("Run %s stopped; it is due again in a moment", session.run_pk)
        finally:
            # It may have been taken over by this very runner: then the newer session stays.
            if self._sessions.get(session.run_pk) is session:
                self._sessions.pop(session.run_pk, None)
            self._taken -= 1
            if session.line is not None or self._has_room_for_missed():
                self._begin(self._claim(()))  # the next one need not wait for the next sweep

    def _has_room_for_missed(self) -> bool:
        """Whether there was more to do than slots, and a good part of these is free again."""
        return self._missed and self._free * 4 >= conf.WORKER_SLOTS

    async def _forget_tasks(self, session: Session) -> None:
        """A run at rest waits for no report, be it of a task that an earlier driver asked for."""
        if session.workflow.distributes:
            await self._call(members.discard_of, session.run_pk)

    # --- signs of life ------------------------------------------------------------------------

    def _beat(self) -> None:
        began = time.monotonic()
        for run_pk, is_canceled in self._sign(list(self._sessions)).items():
            session = self._sessions.get(run_pk)
            if session is not None:
                session.kept_at = began
                if is_canceled:
                    session.cancel()
        self._helper.beat()

    def _sign(self, held: list[int]) -> dict[int, bool]:
        """Keep the leases and be seen; tells of each run kept whether it is to be canceled."""
        now = timezone.now()
        WorkerProcess.objects.update_or_create(
            id=self.id,
            defaults={"seen_at": now, "swept_at": self._swept_at, "driving": len(held)},
            create_defaults={
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "slots": conf.WORKER_SLOTS,
                "started_at": now,
                "seen_at": now,
                "swept_at": self._swept_at,
            },
        )
        return lease.heartbeat(self.id, held) if held else {}

    def _sign_off(self) -> None:
        WorkerProcess.objects.filter(id=self.id).delete()
        connection.close()


def _fresh(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call, with a connection that is still good, and leave none behind that broke."""
    close_old_connections()
    try:
        return function(*arguments)
    except database.Error:
        connection.close()
        raise


_runner: tuple[int, Runner] | None = None
_lock = threading.Lock()


def current_runner() -> Runner:
    """This process's runner, started at the first call; a forked child gets its own."""
    global _runner
    with _lock:
        if _runner is None or _runner[0] != os.getpid():
            _runner = os.getpid(), Runner().start()
        return _runner[1]
