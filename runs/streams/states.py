"""How runs stand, read for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from runs.engine.journal import ACTIVE
from runs.models import Run, RunEvent
from runs.operations import Because

NOT_ASKED = Because()
#: Runs asked for in one statement at most.
CHUNK = 500


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


_LAST = RunEvent.objects.filter(run_id=OuterRef("pk")).order_by("-seq").values("seq")[:1]
_COLUMNS = tuple(name for name in State.__dataclass_fields__ if name != "because")


def read(run_pks: Sequence[int]) -> dict[int, State]:
    """The states of those runs that exist."""
    found: dict[int, State] = {}
    for at in range(0, len(run_pks), CHUNK):
        runs = Run.objects.filter(pk__in=run_pks[at : at + CHUNK]).order_by()
        counted = runs.annotate(next=Coalesce(Subquery(_LAST) + 1, 0))
        for row in counted.values_list(*_COLUMNS):
            found[row[0]] = State(*row)
    return found
