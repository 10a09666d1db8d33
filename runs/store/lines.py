"""Lines: runs of a workflow that may only be executed a few at a time.

A limited run has the name of its line (``limit_key``) and the limit with it. It has a *place*
while somebody holds its lease; a sleeping or suspended run has none. Whoever claims looks at the
line as a whole, under the line's lock: what is due goes to its end (``queued_at``, and it is due no
more), and as many from its head as there are places free are taken. Whoever gives a place up makes
the head due, in the same transaction. So nobody polls, and nobody overtakes.

Locks are taken in one order: runs, then lines by name, then runs of the line, skipping locked ones.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When

from runs.models import Run
from runs.models.fields import from_ms

#: In place of an owner that is known to be gone: no heartbeat of its keeps the run any more.
GONE = "gone"


def lock(keys: Collection[str]) -> None:
    """Hold lines until the transaction ends; SQLite has one writer at a time anyway."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for key in sorted(keys):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def queue_up(key: str, now: int) -> None:
    """Let what is due of a locked line stand in it. One whose owner died counts as lost to it."""
    due = unlocked(Run.objects.claimable(from_ms(now)).filter(limit_key=key).order_by())
    Run.objects.filter(pk__in=list(due.values_list("pk", flat=True))).update(
        queued_at=Case(When(queued_at=None, then=F("due_at")), default=F("queued_at")),
        due_at=None,
        fence=F("fence") + 1,
        lease_owner=Case(When(lease_owner="", then=Value("")), default=Value(GONE)),
    )


def heads(key: str, now: int) -> list[tuple[int, int, str]]:
    """Who in a locked line has a place now: keys, fences and holders, the first in line first."""
    line = Run.objects.filter(limit_key=key, queued_at__isnull=False)
    line = line.order_by("-priority", "queued_at", "pk")
    size = line.values_list("limit_size", flat=True).first()
    if size is None:
        return []
    held = Run.objects.filter(limit_key=key, due_at__gt=from_ms(now)).filter(~Q(lease_owner=""))
    free = size - held.count()
    return list(unlocked(line).values_list("pk", "fence", "lease_owner")[: max(free, 0)])


def ring(pks: Collection[int], now: int) -> None:
    """Make runs that stand at the head of their line due."""
    if pks:
        Run.objects.filter(pk__in=pks, due_at=None).update(due_at=from_ms(now))


def move_up(keys: Collection[str], now: int) -> None:
    """Places of these lines were given up: let the next ones be taken."""
    with transaction.atomic():
        lock(keys)
        for key in keys:
            ring([pk for pk, *_ in heads(key, now)], now)


def forgotten() -> list[str]:
    """Some lines in which runs stand; what was deleted by hand made nobody's place free."""
    waiting = Run.objects.filter(queued_at__isnull=False, due_at=None)
    return list(waiting.order_by().values_list("limit_key", flat=True).distinct()[:1000])  # type: ignore[arg-type]


def skip_locked() -> str:
    """The end of a query that locks what it finds, and leaves out what somebody else has locked."""
    if connection.features.has_select_for_update_skip_locked:
        return "ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
    return ""


def unlocked(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Those that nobody else has locked, locked until the transaction ends."""
    if connection.features.has_select_for_update_skip_locked:
        return runs.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return runs
