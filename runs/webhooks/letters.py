"""Claiming messages and settling them: conditional updates, as for runs."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from runs.conf import conf
from runs.exceptions import Conflict
from runs.models import WebhookDelivery
from runs.models.fields import from_ms
from runs.webhooks.answer import GONE, Answer
from runs.worker.clock import clock

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 6 * 3600.0
#: What whoever sends a message has beyond its time-out, to write down how it went.
MARGIN_SECONDS = 15.0
KEPT = timedelta(days=30)
#: Old messages that are forgotten at once.
BATCH = 500


def claim_due(limit: int) -> list[WebhookDelivery]:
    """Take messages to send; nobody else gets them while they are being sent."""
    now = clock().now()
    until = now + round((conf.WEBHOOK_TIMEOUT_SECONDS + MARGIN_SECONDS) * 1000)
    due = WebhookDelivery.objects.filter(due_at__lte=_moment(now)).order_by("due_at")
    if not due.exists():
        return []
    with transaction.atomic():
        skips = connection.features.has_select_for_update_skip_locked
        taken = list(due.select_for_update(skip_locked=skips)[:limit])
        for delivery in taken:
            delivery.tries += 1
            delivery.due_at = _moment(until)
        WebhookDelivery.objects.bulk_update(taken, ["tries", "due_at"])
    return taken


def settle(delivery: WebhookDelivery, answer: Answer) -> str:
    """Write down how a try went, unless somebody else has tried since; returns what it is now."""
    now = clock().now()
    log = [*(delivery.log or []), answer.to_json(now)]
    columns: dict[str, Any] = {"log": log, "status": delivery.status, "due_at": None}
    pause = pause_after(delivery.tries)
    if answer.is_accepted:
        columns |= {"status": WebhookDelivery.DELIVERED, "settled_at": _moment(now)}
    elif answer.status == GONE or pause is None:
        columns |= {"status": WebhookDelivery.FAILED, "settled_at": _moment(now)}
    else:
        columns["due_at"] = _moment(now + round(pause * 1000))
    rows = WebhookDelivery.objects.filter(pk=delivery.pk, tries=delivery.tries)
    rows.filter(settled_at=None).update(**columns)
    return str(columns["status"])


def pause_after(tries: int) -> float | None:
    """Seconds until a message is tried again; None if it has been tried often enough."""
    if tries >= conf.WEBHOOK_TRIES:
        return None
    pause = min(FIRST_PAUSE_SECONDS * 5 ** (tries - 1), LONGEST_PAUSE_SECONDS)
    return pause * random.uniform(0.9, 1.1)


def send_again(delivery: WebhookDelivery) -> None:
    """Send a settled message once more, with its id; raises Conflict if it is still on its way."""
    rows = WebhookDelivery.objects.filter(pk=delivery.pk, settled_at__isnull=False)
    now = _moment(clock().now())
    if not rows.update(status=WebhookDelivery.PENDING, tries=0, due_at=now, settled_at=None):
        raise Conflict("This message is on its way")
    delivery.refresh_from_db()


def forget_old() -> int:
    """Delete some of the messages that were settled long ago; returns how many."""
    limit = _moment(clock().now()) - KEPT
    old = WebhookDelivery.objects.filter(settled_at__lt=limit).order_by("settled_at")
    ids = list(old.values_list("pk", flat=True)[:BATCH])
    return WebhookDelivery.objects.filter(pk__in=ids).delete()[0]


def _moment(moment: int) -> datetime:
    found = from_ms(moment)
    assert found is not None
    return found
