"""What you need to test your own workflows: run them here, skip time, crash, look.

def test_a_crash_while_shipping_charges_once():
    run = checkout.create_run(execution="inline")
    with crash_after("ship"):
        run.start({"order": "A1"})
    assert run.restart().status == "success"
    assert executed(run) == ["charge", "ship", "ship"]
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from asgiref.sync import SyncToAsync, sync_to_async

from runs import operations
from runs.definition.workflow import Workflow
from runs.engine import restore
from runs.engine.events import STEP_START
from runs.engine.journal import ACTIVE
from runs.models import Run
from runs.store import history, lease, ledger
from runs.store.ledger import Write
from runs.worker import clock as clocks
from runs.worker import faults, local
from runs.worker.abort import AbortSignal

__all__ = [
    "acrash",
    "aseed_snapshot",
    "crash",
    "crash_after",
    "crash_before",
    "executed",
    "seed_snapshot",
    "skipping_time",
    "told",
]


def crash() -> int:
    """Forget every run that this process is driving, as if it had died; returns how many.

    What their bodies still do is not recorded: another owner's number fences them off. The runs
    become due at once, for ``Run.restart`` or a worker to take up.
    """
    return lease.abandon(local.forget_owner())


@contextmanager
def crash_before(step_id: str) -> Iterator[None]:
    """While inside, this process dies when the step is about to run; see ``crash_after``."""
    with _dying(lambda point, reached: (point, reached) == ("before", step_id)):
        yield


@contextmanager
def crash_after(step_id: str) -> Iterator[None]:
    """While inside, this process dies when the step has run and nothing of that is recorded yet.

    The block ends there, without an exception; the run can then be restarted. Reaching its end
    without a crash is an AssertionError.
    """
    with _dying(lambda point, reached: (point, reached) == ("after", step_id)):
        yield


@contextmanager
def _dying(dies: Callable[[faults.Point, str], bool]) -> Iterator[None]:
    try:
        with faults.planned(dies):
            yield
    except faults.ProcessDied:
        _crash_from_anywhere()
    else:
        raise AssertionError("The run did not come to where this process was to die")


def _crash_from_anywhere() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        crash()
    else:
        # On a loop, in the thread whose connection Django's own coroutines use.
        SyncToAsync.single_thread_executor.submit(crash).result()


def executed(run: Run) -> list[str]:
    """The ids of the steps in the order in which they began, over all attempts; dotted if nested.

    Items of a foreach and steps inside them are not told, so they are not in it.
    """
    return [event["payload"]["id"] for event in told(run) if event["type"] == STEP_START]


def told(run: Run) -> list[dict[str, Any]]:
    """All events of a run so far, as its streams show them."""
    events: list[dict[str, Any]] = []
    while batch := history.read(run.pk, run.run_id, len(events)):
        events += [told.event for told in batch]
    return events


class SkippingClock(clocks.Clock):
    """A clock that jumps to the end of each wait."""

    def __init__(self) -> None:
        self._ahead = 0

    def now(self) -> int:
        return super().now() + self._ahead

    def wait(self, until: int, signal: AbortSignal) -> None:
        self._ahead += max(until - self.now(), 0)

    async def await_any(self, until: int | None, event: asyncio.Event) -> None:
        """Jump only when nothing else is going on: bodies take the time they take."""
        await asyncio.sleep(0)
        if until is None:
            await event.wait()
        elif not event.is_set():
            self._ahead += max(until - self.now(), 0)


@contextmanager
def skipping_time() -> Iterator[SkippingClock]:
    """While inside, waits of runs that execute in this process take no time."""
    clock = SkippingClock()
    with clocks.replaced_by(clock):
        yield clock


acrash = sync_to_async(crash)


def seed_snapshot(workflow: Workflow, run_id: str, snapshot: dict[str, Any]) -> Run:
    """Store a run as a snapshot in Mastra's form shows it, replacing what is stored of it."""
    run = operations.create_run(workflow, run_id=run_id)
    journal = restore.from_snapshot(workflow, snapshot)
    entries, _ = journal.take_changes()
    run.steps.all().delete()
    columns: dict[str, Any] = {
        "status": journal.status.value,
        "request_context": journal.request_context,
        "execution": asdict(journal.execution),
    }
    active = journal.status in ACTIVE
    columns |= lease.free(lease.now_ms() if active else None)
    ledger.append_one(Write(run.pk, run.attempt, run.fence, entries, (), columns))
    return run


aseed_snapshot = sync_to_async(seed_snapshot)
