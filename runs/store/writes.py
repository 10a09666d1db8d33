"""What has to be written for a run, and what came of it; the same for every database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from runs.engine.events import Event
from runs.engine.journal import Entry
from runs.models.fields import dumps

_PAYLOAD_COLUMNS = frozenset({"request_context", "execution"})


@dataclass(frozen=True, slots=True)
class Write:
    """What one run has to write. ``run`` holds columns of its own row, as stored.

    ``settles`` says that this ends an execution otherwise than canceled. If cancelling was asked
    for meanwhile, such a write is refused: what was shown as canceled must not end otherwise.
    """

    run_pk: int
    attempt: int
    fence: int
    entries: Sequence[Entry] = ()
    events: Sequence[Event] = ()
    run: dict[str, Any] = field(default_factory=dict)
    settles: bool = False
    #: Rows for the outbox.
    letters: Sequence[tuple[Any, ...]] = ()
    #: The line in which a limited run has a place, which it may give up with this write.
    line: str | None = None

    @property
    def leaves_line(self) -> bool:
        return self.line is not None and self.run.get("lease_owner") == ""


@dataclass(frozen=True, slots=True)
class Written:
    """Whether a write was accepted, and whether cancelling has been asked for meanwhile."""

    accepted: bool
    canceled: bool


@dataclass(frozen=True, slots=True)
class Current:
    """What decides about a write: the number its run has now, and whether it was canceled."""

    fence: int
    canceled: bool


REFUSED = Written(accepted=False, canceled=False)


def judge(write: Write, current: Current | None) -> Written:
    """Whether a write goes through, as its run is now."""
    if current is None or current.fence != write.fence:
        return REFUSED
    return Written(not (current.canceled and write.settles), current.canceled)


def run_columns(write: Write, *, canceled: bool) -> dict[str, Any]:
    """The columns of the run's row, in the form in which the database takes them."""
    if not write.run:
        return {}
    adapt = connections[DEFAULT_DB_ALIAS].ops.adapt_datetimefield_value
    columns = {name: _adapted(name, value, adapt) for name, value in write.run.items()}
    if canceled and "status" in columns and _keeps_canceled(write):
        del columns["status"]
    return columns


def _keeps_canceled(write: Write) -> bool:
    """A canceled run shows as canceled, and that stays, until a call makes it go again."""
    return write.run["status"] in ("running", "waiting") and "fence" not in write.run


def _adapted(name: str, value: Any, adapt: Callable[[datetime], Any]) -> Any:
    if isinstance(value, datetime):
        return adapt(value)
    return dumps(value) if name in _PAYLOAD_COLUMNS else value
