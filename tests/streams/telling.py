"""Runs that tell something, and readers that take it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async

from runs.engine.events import Event
from runs.models import Run, RunEvent
from runs.store import ledger
from runs.store.ledger import Write
from runs.streams.hub import Hub
from tests.store.entries import event, run_row
from tests.store.waiting import DEADLINE, Background

make_run = sync_to_async(run_row)


def tell(run: Run, *numbers: int, **columns: Any) -> None:
    """Store events of a run, as its driver would: the bell rings after the commit."""
    written: list[Event] = [event(n, step="s", output=n) for n in numbers]
    ledger.append_one(Write(run.pk, 1, run.fence, (), written, columns))


def tell_silently(run: Run, *numbers: int) -> None:
    """Store events, and nobody rings."""
    rows = [
        RunEvent(run=run, seq=n, attempt=1, type="workflow-step-output", at=1000 + n, own=own(n))
        for n in numbers
    ]
    RunEvent.objects.bulk_create(rows)


def own(number: int) -> dict[str, Any]:
    return {"step": "s", "output": number}


atell = sync_to_async(tell)
atell_silently = sync_to_async(tell_silently)


async def take(hub: Hub, run: Run, count: int, offset: int = 0) -> list[int]:
    """The numbers of the next ``count`` events from ``offset`` on."""
    taken: list[int] = []
    events = hub.follow(run.pk, offset)
    try:
        async with asyncio.timeout(DEADLINE):
            async for seq, shown in events:
                assert shown["payload"]["output"] == seq
                taken.append(seq)
                if len(taken) == count:
                    return taken
    finally:
        await events.aclose()
    return taken


async def soon(waiting: Any) -> Any:
    """What comes of it, within the time that tests wait for anything."""
    return await asyncio.wait_for(waiting, DEADLINE)


async def in_a_thread(function: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(Background(function).outcome)
