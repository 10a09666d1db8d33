"""How runs stand, read for many at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from runs.engine.journal import ACTIVE
from runs.models import Run, RunEvent
from runs.models.fields import from_ms
from runs.operations import Because
from runs.store import rows

NOT_ASKED = Because()


@dataclass(frozen=True, slots=True)
class State:
    """A run's row, as far as followers care. ``next`` is the number of its next event."""

    pk: int
    workflow_id: str
    run_id: str
    resource_id: str | None
    status: str
    attempt: int
    lease_owner: str
    due_at: datetime | None
    error_message: str
    updated_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    next: int
    because: Because = NOT_ASKED

    @property
    def still(self) -> bool:
        """Whether its execution has ended: nobody works on it, nor will without being asked."""
        return self.status not in ACTIVE and not self.lease_owner

    @property
    def is_held(self) -> bool:
        """Whether somebody works on it now and gives signs of life."""
        return bool(self.lease_owner) and self.due_at is not None and self.due_at > timezone.now()

    @property
    def shown(self) -> tuple[Any, ...]:
        """What followers are told of; news of anything else is no news of the run's state."""
        is_taken_up = bool(self.lease_owner)
        return self.status, self.attempt, is_taken_up, self.started_at, self.ended_at


_RUNS, _EVENTS = Run._meta.db_table, RunEvent._meta.db_table
_COLUMNS = tuple(name for name in State.__dataclass_fields__ if name not in ("next", "because"))
#: Read without the ORM: this is asked for with every event of every run that is followed.
_STATES = """
    SELECT {columns}, (SELECT MAX(e.seq) + 1 FROM "{events}" e WHERE e.run_id = r.id)
    FROM want CROSS JOIN "{runs}" r WHERE r.id = want.run_pk
""".format(
    columns=", ".join(f'r."{"id" if name == "pk" else name}"' for name in _COLUMNS),
    events=_EVENTS,
    runs=_RUNS,
)
_TIMES = tuple(_COLUMNS.index(name) for name in ("updated_at", "started_at", "ended_at"))
_DUE = _COLUMNS.index("due_at")


def read(run_pks: Iterable[int]) -> dict[int, State]:
    """The states of those runs that exist."""
    wants = [(run_pk,) for run_pk in run_pks]
    return {row[0]: _state(list(row)) for row in rows.ask("run_pk", wants, _STATES)}


def _state(row: list[Any]) -> State:
    row[_DUE], row[-1] = from_ms(row[_DUE]), row[-1] or 0
    for at in _TIMES:
        if isinstance(row[at], str):  # SQLite has no type for it; all are stored in UTC
            row[at] = datetime.fromisoformat(row[at]).replace(tzinfo=UTC)
    return State(*row)
