"""Messages to webhooks, written with the outcome that they tell of.

So an outcome that is stored is told, however the process ends right after; and one that is not
stored is not.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runs.conf import conf
from runs.definition.webhook import Webhook
from runs.definition.workflow import Workflow
from runs.engine import result
from runs.engine.journal import Journal
from runs.models import Run, WebhookDelivery
from runs.models.fields import dumps
from runs.store import rows

Json = Any
#: Characters that are left of an error in a message that would be too large.
SHORT = 1000
_ERROR = ("name", "message")
COLUMNS = (
    "id",
    "workflow_id",
    "run_id",
    "event",
    "url",
    "secret",
    "body",
    "status",
    "tries",
    "due_at",
    "log",
    "created_at",
    "settled_at",
)
INSERT = rows.insert_sql(WebhookDelivery._meta.db_table, COLUMNS)


@dataclass(frozen=True, slots=True)
class Outbox:
    """Where the messages of one run go."""

    workflow_id: str
    run_id: str
    resource_id: str | None
    webhooks: tuple[Webhook, ...]

    @classmethod
    def of(cls, run: Run, workflow: Workflow | None) -> Outbox:
        """Those of its workflow, if that is known, and its own."""
        declared = () if workflow is None else workflow.webhooks
        own = tuple(Webhook.of_json(members) for members in run.webhooks or ())
        return cls(run.workflow_id, run.run_id, run.resource_id, (*declared, *own))

    def letters(self, journal: Journal, status: str) -> Sequence[tuple[Any, ...]]:
        """The rows that tell what a run has come to; none if nobody wants to know."""
        wanted = [webhook for webhook in self.webhooks if status in webhook.events]
        if not wanted:
            return ()
        event, now = f"run.{status}", time.time_ns() // 1_000_000
        body = self._body(event, journal, status, now)
        return [self._row(webhook, event, body, now) for webhook in wanted]

    def _row(self, webhook: Webhook, event: str, body: str, now: int) -> tuple[Any, ...]:
        about = (self.workflow_id, self.run_id, event, webhook.url, webhook.secret, body)
        return (f"msg_{uuid.uuid4().hex}", *about, WebhookDelivery.PENDING, 0, now, "[]", now, None)

    def _body(self, event: str, journal: Journal, status: str, now: int) -> str:
        data: dict[str, Json] = {
            "workflowId": self.workflow_id,
            "runId": self.run_id,
            "resourceId": self.resource_id,
            "status": status,
            "attempt": journal.attempt,
        }
        moment = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds")
        message = {"type": event, "timestamp": moment.replace("+00:00", "Z")}
        text = _text(message | {"data": data | _outcome(journal)})
        if len(text.encode()) <= conf.WEBHOOK_MAX_BYTES:
            return text
        return _text(message | {"data": data | _shortened(journal)})


def _outcome(journal: Journal) -> dict[str, Json]:
    if not journal.entries:  # canceled before it ever began
        return {}
    found = result.of_journal(journal)
    members = {
        "result": found.result,
        "error": found.error,
        "tripwire": found.tripwire,
        "suspended": found.suspended,
        "suspendPayload": found.suspend_payload,
    }
    return {name: value for name, value in members.items() if value is not None}


def _shortened(journal: Journal) -> dict[str, Json]:
    """What is small of an outcome that is too large: the receiver may ask for the rest."""
    outcome = _outcome(journal)
    short: dict[str, Json] = {"truncated": True}
    if "suspended" in outcome:
        short["suspended"] = outcome["suspended"][:SHORT]
    if "error" in outcome:
        error = outcome["error"]
        short["error"] = {key: str(error[key])[:SHORT] for key in error if key in _ERROR}
    return short


def _text(message: dict[str, Json]) -> str:
    return dumps(message) or ""
