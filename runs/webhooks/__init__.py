"""Webhooks on their way: what the store has put into the outbox, workers send.

A message is claimed, sent and settled; who dies in between has sent it or not, so it is sent again
with the same id: at least once. Each is signed as the Standard Webhooks specification has it, so
receivers verify it with any library of that name.
"""

from __future__ import annotations

from runs.webhooks.courier import Courier, deliver_due
from runs.webhooks.letters import send_again
from runs.webhooks.secrets import missing_secrets

__all__ = ["Courier", "deliver_due", "missing_secrets", "send_again"]
