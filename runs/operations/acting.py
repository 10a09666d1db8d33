"""In whose name the operations act, and the trail of what was done in it.

Skins say so with :func:`acting`; every operation inside that changes a run then writes an
``AuditEntry`` in its own transaction. Code that calls operations by itself leaves no trail.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from runs.models import AuditEntry, Run, Schedule
from runs.store import trail


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, from where and why; ``user`` is None where nobody has to say who he is."""

    user: Any
    source: str
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "" if self.user is None else str(self.user.get_username())


_actor: ContextVar[Actor | None] = ContextVar("runs_actor", default=None)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Let operations inside act in this actor's name, and leave a trail."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> Actor | None:
    """Who acts; None in code that calls operations by itself, which is trusted."""
    return _actor.get()


def acting_user() -> Any:
    """The user in whose name the current code acts; None if there is none."""
    actor = _actor.get()
    return None if actor is None else actor.user


def note(run: Run, action: str, **details: Any) -> None:
    """Write to the trail, in the transaction that is going on, that a run was changed."""
    _note(None if action == "delete" else run.pk, str(run), action, details)


def note_of_schedule(schedule: Schedule, action: str, **details: Any) -> None:
    """Write to the trail that a schedule was changed; ``action`` as the permission is called."""
    _note(None, f"schedule {schedule.pk}", action, details)


def _note(run_pk: int | None, subject: str, action: str, details: dict[str, Any]) -> None:
    actor = _actor.get()
    if actor is None:
        return
    known = {name: value for name, value in details.items() if value is not None}
    entry = AuditEntry(
        run_id=run_pk,
        subject=subject,
        action=action,
        actor=actor.user,
        actor_name=actor.name,
        source=actor.source,
        reason=actor.reason,
        details=(actor.details | known) or None,
    )
    trail.write(entry)
