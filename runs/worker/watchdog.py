"""Notices coroutines that keep the event loop of a worker from running.

An ``async def`` step that blocks (``time.sleep``, the ORM, a long computation) holds up every other
run of its process. That shows in no error, only in slowness, so a thread asks the loop for an
answer again and again, and says which step it was when none comes.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from types import FrameType

from runs.conf import conf
from runs.engine import path as paths
from runs.worker import perform

logger = logging.getLogger("runs.worker")
#: Where user code is called from; a frame of these tells whose it is.
_CALLERS = {perform.execute.__code__, perform.decide.__code__}


class Watchdog:
    """Watches the loop that runs in the thread that makes it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._loop_thread = loop, threading.get_ident()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runs-watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(conf.LOOP_BLOCK_SECONDS / 4):
            answered = threading.Event()
            asked_at = time.monotonic()
            try:
                self._loop.call_soon_threadsafe(answered.set)
            except RuntimeError:  # the loop is closed
                return
            if not answered.wait(conf.LOOP_BLOCK_SECONDS):
                self._bark(asked_at, answered)

    def _bark(self, asked_at: float, answered: threading.Event) -> None:
        """Say who it is while it is to be seen, and how long it took when it is over."""
        frame = sys._current_frames().get(self._loop_thread)
        who, where = _culprit(frame)
        logger.warning(
            "%s blocks the event loop of its worker, for %.2f s now (RUNS_LOOP_BLOCK_SECONDS). All "
            "other runs here wait for it: make it a plain `def`, or await what takes long.\n%s",
            who,
            time.monotonic() - asked_at,
            where,
        )
        while not answered.wait(0.1):
            if self._ended.is_set():
                return
        logger.warning("%s blocked the event loop for %.2f s", who, time.monotonic() - asked_at)


def _culprit(frame: FrameType | None) -> tuple[str, str]:
    """Who is at work in a stack, and the part of the stack that is theirs."""
    inner: list[FrameType] = []
    for at in _outwards(frame):
        if at.f_code in _CALLERS:
            stack = traceback.StackSummary.extract((one, one.f_lineno) for one in reversed(inner))
            return _named(at), "".join(stack.format())
        inner.append(at)
    return "Something", "".join(traceback.format_stack(frame))


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _named(frame: FrameType) -> str:
    command, session = frame.f_locals["command"], frame.f_locals["session"]
    step = ".".join(paths.step_ids(command.path))
    return f"Step {step!r} of run {session.run_id!r} of workflow {session.workflow.id!r}"
