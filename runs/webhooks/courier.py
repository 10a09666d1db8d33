"""A worker's duty: to send what is in the outbox."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async

from runs.models import WebhookDelivery
from runs.webhooks import letters
from runs.worker.duties import Call

logger = logging.getLogger("runs.webhooks")
#: Messages of one worker that are on their way at the same time.
HANDS = 32
FORGET_SECONDS = 600.0


class Courier:
    """Sends many messages at a time, so that a receiver that hangs delays no other's."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_prepared = False
        self._forget_at = time.monotonic() + FORGET_SECONDS

    async def look(self, call: Call) -> None:
        free = HANDS - len(self._under_way)
        if free > 0 and (claimed := await call(letters.claim_due, free)):
            await self._begin(claimed, call)
        if time.monotonic() >= self._forget_at:
            more = await call(letters.forget_old) >= letters.BATCH
            self._forget_at = time.monotonic() + (0.0 if more else FORGET_SECONDS)

    async def _begin(self, claimed: list[WebhookDelivery], call: Call) -> None:
        if not self._is_prepared:
            await call(_prepare)
            self._is_prepared = True
        for delivery in claimed:
            task = asyncio.ensure_future(deliver(delivery, call))
            self._under_way.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("How a webhook went could not be written; it is sent again: %s", error)

    async def close(self) -> None:
        """What is under way is sent again by another worker, with the same id."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)


async def deliver(delivery: WebhookDelivery, call: Call) -> None:
    """Send a message once, write down how that went, and tell the log."""
    from runs.webhooks.post import post

    answer = await post(delivery)
    status = await call(letters.settle, delivery, answer)
    if answer.is_accepted:
        logger.info("Webhook %s: %s", delivery.pk, delivery)
        return
    why = answer.error or f"status {answer.status}"
    final = "; it is not tried again" if status == WebhookDelivery.FAILED else ""
    logger.warning(
        "Webhook %s, try %s: %s: %s%s", delivery.pk, delivery.tries, delivery, why, final
    )


def _prepare() -> None:
    """Load what sending needs, in a thread: that takes far longer than a loop may be held up."""
    from runs.webhooks.post import prepare

    prepare()


def deliver_due(limit: int = HANDS) -> int:
    """Send what is due from here, for scripts and tests; returns how many were tried."""
    claimed = letters.claim_due(limit)
    async_to_sync(_deliver_all)(claimed)
    return len(claimed)


async def _deliver_all(claimed: list[WebhookDelivery]) -> None:
    async def in_thread(function: Any, *arguments: Any) -> Any:
        return await sync_to_async(function)(*arguments)

    await asyncio.gather(*(deliver(delivery, in_thread) for delivery in claimed))
