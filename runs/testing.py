"""What you need to test your own workflows.

    def test_it_charges_once(db):
        run = checkout.create_run(execution="inline")
        with crash_after("charge"):
            run.start({"order": "A1"})
        assert run.restart().status == "success"

``crash`` makes this process forget all that it was driving, as if it had died; ``skipping_time``
makes waits of days take no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from asgiref.sync import sync_to_async

from runs import operations
from runs.definition.workflow import Workflow
from runs.engine import restore
from runs.engine.journal import ACTIVE
from runs.models import Run
from runs.store import lease, ledger
from runs.store.ledger import Write
from runs.worker import clock as clocks
from runs.worker import local
from runs.worker.abort import AbortSignal

__all__ = ["acrash", "aseed_snapshot", "crash", "seed_snapshot", "skipping_time"]


def crash() -> int:
    """Forget every run that this process is driving, as if it had died; returns how many.

    What their bodies still do is not recorded: another owner's number fences them off. The runs
    become due at once, for ``Run.restart`` or a worker to take up.
    """
    return lease.abandon(local.forget_owner())


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
        "path_before": journal.path_before,
        "execution": asdict(journal.execution),
    }
    active = journal.status in ACTIVE
    columns |= lease.free(lease.now_ms() if active else None)
    ledger.append_one(Write(run.pk, run.attempt, run.fence, entries, (), columns))
    return run


aseed_snapshot = sync_to_async(seed_snapshot)
