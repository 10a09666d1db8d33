"""Webhooks: who is to be told when a run ends or suspends."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from runs.exceptions import DefinitionError

#: What a run can come to, each as the event ``run.<status>``.
EVENTS = ("success", "failed", "tripwire", "canceled", "suspended", "paused")
_USUAL = ("success", "failed", "tripwire", "canceled", "suspended")
_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that is told, signed, what became of a run.

    ``events`` are statuses: all but ``paused`` unless said. ``secret`` is the *name* of the setting
    or environment variable that holds the secret to sign with; the secret itself is never stored.
    """

    url: str
    events: tuple[str, ...] = _USUAL
    secret: str = "RUNS_WEBHOOK_SECRET"

    def __post_init__(self) -> None:
        if not isinstance(self.url, str) or len(self.url) > _LONGEST_URL or not _is_url(self.url):
            raise DefinitionError(
                f"Webhook: {self.url!r} is no http or https URL of a host, without a user in it"
            )
        given: Any = self.events
        events = (given,) if isinstance(given, str) else tuple(given)
        if wrong := [event for event in events if event not in EVENTS]:
            raise DefinitionError(f"Webhook: {wrong[0]!r} is none of {', '.join(EVENTS)}")
        if not events:
            raise DefinitionError("Webhook: it needs at least one event")
        if not isinstance(self.secret, str) or not self.secret.isidentifier():
            raise DefinitionError("Webhook: secret is the name of a setting, not the secret itself")
        object.__setattr__(self, "events", events)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"events": list(self.events)}

    @classmethod
    def of_json(cls, members: dict[str, Any]) -> Webhook:
        return cls(members["url"], tuple(members["events"]), members["secret"])


def checked_all(webhooks: Any, where: str) -> tuple[Webhook, ...]:
    if not isinstance(webhooks, list | tuple) or not all(
        isinstance(one, Webhook) for one in webhooks
    ):
        raise DefinitionError(f"{where} is a list of Webhook")
    return tuple(webhooks)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        sound = parts.port != 0
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text
    named = bool(parts.hostname) and "@" not in parts.netloc
    return plain and sound and named and parts.scheme in ("http", "https")
