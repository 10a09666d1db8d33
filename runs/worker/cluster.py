"""A django-q2 cluster that ends as a whole, so that it can be started again as a whole.

django-q2 replaces a worker that died, but the dead one may have held a lock of the queue they all
share: then nobody takes tickets any more and nobody notices. And a sentinel that is killed leaves
workers behind. Here each process can rely on the others:

* A thread of the sentinel waits for the death of any child. The first one ends the cluster: the
  others finish the steps they are in, if those are short, and the supervisor starts a new cluster.
* Each child waits for the end of the sentinel, and the sentinel for the end of the supervisor, at a
  lifeline. Whoever loses its parent leaves, in good order where possible.
* SIGTERM to any of its processes, or to all, means one thing: drain the whole cluster and end.

Processes: this one (the sentinel), the workers, django-q2's pusher (broker to workers) and monitor
(results; ours are empty). No thread, connection or event loop exists before the forks.

Run by the supervisor as ``python -m runs.worker.cluster LIFELINE_FD WORKERS``.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from typing import Any

from django_q.cluster import Sentinel  # the first import of it, as a script, sets Django up
from django_q.pusher import pusher
from django_q.worker import worker

from runs.worker.broker import outlasting, ticket_broker
from runs.worker.lifeline import Lifeline, watch
from runs.worker.runner import current_runner
from runs.worker.tasks import Results

logger = logging.getLogger("runs.worker.cluster")  # __name__ is __main__ here

#: What the steps that run when the cluster is told to end have to finish.
DRAIN_SECONDS = 10.0
#: The same when it ends because a process died: nobody takes new runs on meanwhile.
SHORT_DRAIN_SECONDS = 5.0
#: What a process has besides, to notice and to leave.
LEAVE_SECONDS = 2.0
#: After this a drain has hung: pusher, workers and monitor leave one after the other.
DRAIN_DEADLINE_SECONDS = DRAIN_SECONDS + 3 * LEAVE_SECONDS


class GuardedSentinel(Sentinel):  # type: ignore[misc]
    """django-q2's sentinel, which replaces nobody."""

    def __init__(self, supervisor: int, workers: int) -> None:
        fork = multiprocessing.get_context("fork")
        super().__init__(
            fork.Event(), fork.Event(), uuid.uuid4(), broker=ticket_broker(), start=False
        )
        self.pool_size = workers
        self.lifeline = Lifeline()
        self._fork = fork
        self._supervisor = supervisor
        self._orders, self._order = os.pipe()
        self._forked = 0

    def start(self) -> None:
        os.set_blocking(self._order, False)
        signal.signal(signal.SIGTERM, self.order_drain)
        # Not as django-q2 does, which first wants to hear from the broker: the sweeper needs none.
        self.spawn_cluster()
        self.guard()

    def order_drain(self, *_: object) -> None:
        """Have the watcher end the cluster in peace; as a signal handler the children inherit it.

        The event that django-q2 stops at cannot be set here: the signal may have interrupted code
        that holds its lock.
        """
        with suppress(BlockingIOError):
            os.write(self._order, b".")

    def spawn_process(self, target: Callable[..., None], *args: Any) -> BaseProcess:
        self._forked += 1
        is_worker = target is worker
        name = f"worker-{self._forked}" if is_worker else target.__name__
        process = self._fork.Process(
            target=_become_child, args=(self.lifeline, target, args), name=name
        )
        # A daemon may not have children; steps may want to.
        process.daemon = not is_worker
        if is_worker:
            process.timer = args[2]  # type: ignore[attr-defined]
            self.pool.append(process)
        process.start()
        return process

    def reincarnate(self, process: BaseProcess) -> None:
        """Replace nobody: the watcher sees the dead; a task over django-q2's timeout ends all."""
        if process.is_alive():
            self.order_drain()

    def guard(self) -> None:
        watcher = Watcher(self, self._orders, self._supervisor)
        threading.Thread(target=watcher.run, name="watcher", daemon=True).start()
        super().guard()


class Watcher:
    """Waits for orders, for the end of the supervisor, and for deaths; in a thread of its own.

    The sentinel's main thread may hang at a lock that a killed worker held, so it is not relied
    upon: where the cluster does not end in time, this thread ends it.
    """

    def __init__(self, sentinel: GuardedSentinel, orders: int, supervisor: int) -> None:
        self._sentinel = sentinel
        self._orders = (orders, supervisor)
        children = [*sentinel.pool, sentinel.monitor, sentinel.pusher]
        self._children: dict[int, BaseProcess] = {child.sentinel: child for child in children}

    def run(self) -> None:
        while True:
            ready: list[Any] = connection.wait([*self._children, *self._orders])
            if any(order in ready for order in self._orders):
                return self._drain()
            self._break_up(f"{self._children[ready[0]].name} died")

    def _drain(self) -> None:
        """Let the main thread end the cluster as django-q2 does: pusher, workers, monitor."""
        logger.info("finishing the steps that run")
        self._sentinel.stop_event.set()
        deadline = time.monotonic() + DRAIN_DEADLINE_SECONDS
        while self._children:
            ready = self._wait_for_children(deadline)
            if not ready:
                names = ", ".join(child.name for child in self._children.values())
                self._break_up(f"{names} did not end in time")
            for handle in ready:
                child = self._children.pop(handle)
                if child.exitcode:
                    self._break_up(f"{child.name} died (exit code {child.exitcode})")

    def _wait_for_children(self, deadline: float) -> list[Any]:
        return connection.wait([*self._children], max(0.0, deadline - time.monotonic()))

    def _break_up(self, reason: str) -> None:
        """End all children and this process, whatever its main thread is at."""
        logger.critical("%s: the cluster ends", reason)
        self._sentinel.lifeline.cut()
        deadline = time.monotonic() + SHORT_DRAIN_SECONDS + LEAVE_SECONDS
        while self._children and time.monotonic() < deadline:
            for handle in self._wait_for_children(deadline):
                del self._children[handle]
        for child in self._children.values():
            child.kill()
        logging.shutdown()
        os._exit(1)


def _become_child(
    lifeline: Lifeline, target: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    """Run one of django-q2's loops in a process that was just forked."""
    lifeline.cut()
    # What a step forks is no part of the cluster: ending it must not end us.
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
    if target is worker:
        _work(lifeline.child_end, *arguments)
        return
    watch(lifeline.child_end, lambda: os._exit(0))
    if target is pusher:
        broker = arguments[2]
        broker.dequeue = outlasting(broker.dequeue)
    target(*arguments)


def _work(child_end: int, tickets: Queue[Any], results: Queue[Any], *rest: Any) -> None:
    """Take tickets until told to stop; the runner works, and sweeps, from the first moment on."""
    runner = current_runner()
    leaving = threading.Lock()

    def leave(drain_seconds: float) -> None:
        leaving.acquire()  # for good: whoever comes second waits for the end of the process
        threading.Timer(drain_seconds + LEAVE_SECONDS, os._exit, [1]).start()
        try:
            runner.drain(drain_seconds)
            results.close()
            results.join_thread()
        except Exception:
            logger.exception("the worker could not be drained")
        logging.shutdown()
        os._exit(0)  # threads of steps that did not end in time would keep the process

    logger.info("%s is process %s", multiprocessing.current_process().name, os.getpid())
    watch(child_end, lambda: leave(SHORT_DRAIN_SECONDS))
    worker(tickets, Results(results), *rest)
    leave(DRAIN_SECONDS)


if __name__ == "__main__":
    GuardedSentinel(supervisor=int(sys.argv[1]), workers=int(sys.argv[2])).start()
