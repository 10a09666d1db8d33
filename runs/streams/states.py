"""How runs stand, read for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from runs.engine.journal import ACTIVE
from runs.models import Run, RunEvent

#: Runs asked for in one statement at most.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class State:
    """A run's row, as far as followers care. ``next`` is the number of its next event."""

    run_pk: int
    workflow_id: str
    run_id: str
    status: str
    attempt: int
    next: int
    started_at: datetime | None
    ended_at: datetime | None
    lease_owner: str
    due_at: datetime | None

    @property
    def still(self) -> bool:
        """Whether its execution has ended: nobody works on it, nor will without being asked."""
        return self.status not in ACTIVE and not self.lease_owner

    @property
    def is_held(self) -> bool:
        """Whether somebody works on it now and gives signs of life."""
        return bool(self.lease_owner) and self.due_at is not None and self.due_at > timezone.now()


_LAST = RunEvent.objects.filter(run_id=OuterRef("pk")).order_by("-seq").values("seq")[:1]
_NEXT = Coalesce(Subquery(_LAST) + 1, 0)
_BEFORE = ("pk", "workflow_id", "run_id", "status", "attempt")
_AFTER = ("started_at", "ended_at", "lease_owner", "due_at")


def read(run_pks: Sequence[int]) -> dict[int, State]:
    """The states of those runs that exist."""
    found: dict[int, State] = {}
    for at in range(0, len(run_pks), CHUNK):
        runs = Run.objects.filter(pk__in=run_pks[at : at + CHUNK]).order_by()
        for row in runs.annotate(next=_NEXT).values_list(*_BEFORE, F("next"), *_AFTER):
            found[row[0]] = State(*row)
    return found
