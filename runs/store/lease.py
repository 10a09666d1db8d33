"""Whose run it is: claiming, keeping and giving up.

A claim is one conditional UPDATE: it takes a run that is due and raises its fencing number. Whoever
changed the row has the run, everybody else does not. While a worker has it, ``due_at`` is the
moment its lease ends; a heartbeat moves that on for all its runs at once. So a run whose worker is
gone becomes due by itself, exactly as a timer does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from runs.conf import conf
from runs.engine.journal import Status
from runs.models import Run
from runs.models.fields import from_ms

#: In place of an owner that is known to be gone: no heartbeat of its keeps the run any more.
GONE = "gone"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _lease_end(now: int) -> int:
    return now + round(conf.LEASE_SECONDS * 1000)


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is ours. ``recovered``: its last worker never gave it up."""

    run_pk: int
    fence: int
    recovered: bool


def claim(run_pk: int, owner: str) -> Claim | None:
    """Take up one run if it is due; None if it is not, or somebody was faster."""
    found = Run.objects.filter(pk=run_pk).values_list("fence", "lease_owner", "due_at").first()
    if found is None or found[2] is None:
        return None
    return _take(run_pk, found[0], found[1], owner)


def claim_due(owner: str, limit: int) -> list[Claim]:
    """Take up to ``limit`` due runs, oldest first.

    On PostgreSQL rows that another sweeper is claiming are skipped, so sweepers share the work.
    """
    now = now_ms()
    with transaction.atomic():
        due = Run.objects.due(from_ms(now)).order_by("due_at")  # type: ignore[arg-type]
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, no_key=True, of=("self",))
        rows = list(due.values_list("pk", "fence", "lease_owner")[:limit])
        claims = [_take(pk, fence, holder, owner) for pk, fence, holder in rows]
    return [claim for claim in claims if claim is not None]


def _take(run_pk: int, fence: int, holder: str, owner: str) -> Claim | None:
    now = now_ms()
    recovered = bool(holder)
    taken = Run.objects.filter(pk=run_pk, fence=fence, due_at__lte=from_ms(now)).update(
        fence=F("fence") + 1,
        lease_owner=owner,
        due_at=from_ms(_lease_end(now)),
        recoveries=F("recoveries") + (1 if recovered else 0),
        status=_WOKEN,
    )
    return Claim(run_pk, fence + 1, recovered) if taken else None


_WOKEN = Case(
    When(status=Status.WAITING.value, then=Value(Status.RUNNING.value)), default=F("status")
)


def hold(owner: str) -> dict[str, object]:
    """The columns of a run that is taken up in the very transaction that starts it."""
    return {"lease_owner": owner, "due_at": _lease_end(now_ms())}


def is_held(run: Run) -> bool:
    """Whether somebody is working on a run, as far as its row tells."""
    return bool(run.lease_owner) and not Run.objects.due(timezone.now()).filter(pk=run.pk).exists()


def free(due_at: int | None) -> dict[str, object]:
    """The columns of a run given up: due again at ``due_at`` (ms), or never by itself."""
    return {"lease_owner": "", "due_at": due_at}


def heartbeat(owner: str, run_pks: Sequence[int]) -> list[int]:
    """Keep these runs of an owner for another lease; returns those to be canceled.

    Only runs that are named are kept: one its owner lost track of becomes due.
    """
    held = Run.objects.filter(lease_owner=owner, pk__in=run_pks)
    held.update(due_at=from_ms(_lease_end(now_ms())))
    return list(held.filter(canceled_at__isnull=False).values_list("pk", flat=True))


def release(owner: str, run_pks: Sequence[int]) -> None:
    """Give runs back that were claimed and not begun; that counts as no recovery."""
    held = Run.objects.filter(lease_owner=owner, pk__in=run_pks)
    held.update(lease_owner="", due_at=from_ms(now_ms()))


def give_up(run_pk: int, owner: str) -> None:
    """Make a run of an owner due at once: it was left in the middle, as by a crash."""
    Run.objects.filter(pk=run_pk, lease_owner=owner).update(due_at=from_ms(0))


def abandon(owner: str) -> int:
    """Take all runs from an owner and make them due at once. Returns how many.

    The fencing number is raised: whatever the owner still does is not recorded.
    """
    return Run.objects.filter(lease_owner=owner).update(
        due_at=from_ms(0), lease_owner=GONE, fence=F("fence") + 1
    )
