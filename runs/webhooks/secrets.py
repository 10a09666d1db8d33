"""Signing: the secret is looked up by name when a message is sent, and stored nowhere."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Iterable

from django.conf import settings

from runs.conf import conf
from runs.definition.workflow import Workflow

PREFIX = "whsec_"
DEFAULT = "RUNS_WEBHOOK_SECRET"


class NoSecret(Exception):
    """The setting that is to hold the secret is not there, or empty."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The setting or environment variable {name} holds no secret")


def keys(name: str) -> list[bytes]:
    """The keys that a setting, or else an environment variable, holds; raises NoSecret."""
    text = conf.WEBHOOK_SECRET if name == DEFAULT else getattr(settings, name, None)
    found = [_key(secret) for secret in str(text or os.environ.get(name, "")).split()]
    if not found:
        raise NoSecret(name)
    return found


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()


def signed_headers(keys: Iterable[bytes], id: str, moment: int, body: bytes) -> dict[str, str]:
    """The three headers by which a receiver knows a message; ``moment`` in seconds."""
    content = b".".join((id.encode(), str(moment).encode(), body))
    signatures = [base64.b64encode(hmac.digest(key, content, hashlib.sha256)) for key in keys]
    return {
        "webhook-id": id,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{signature.decode()}" for signature in signatures),
    }


def missing_secrets(workflows: Iterable[Workflow]) -> list[tuple[str, str]]:
    """Workflows whose webhooks name a secret that is not there, with that name."""
    named = {(workflow.id, hook.secret) for workflow in workflows for hook in workflow.webhooks}
    return sorted((workflow_id, name) for workflow_id, name in named if not _has_keys(name))


def _has_keys(name: str) -> bool:
    try:
        return bool(keys(name))
    except NoSecret:
        return False
