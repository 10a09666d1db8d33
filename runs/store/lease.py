"""Whose run it is: claiming, keeping and giving up.

A claim is one conditional UPDATE: it takes a run that is due and raises its fencing number. Whoever
changed the row has the run, everybody else does not. While a worker has it, ``due_at`` is the
moment its lease ends; a heartbeat moves that on for all its runs at once. So a run whose worker is
gone becomes due by itself, exactly as a timer does.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.utils import timezone

from runs.conf import conf
from runs.engine.journal import Status
from runs.models import Run
from runs.models.fields import from_ms
from runs.store import direct, lines
from runs.store.lines import GONE as GONE


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def end_from(now: int) -> int:
    """A sweep finds it after it has ended; both together take no longer than one lease."""
    return now + round(lasts() * 1000)


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is ours. ``recovered``: its last worker never gave it up; ``at``: monotonic."""

    run_pk: int
    fence: int
    recovered: bool
    at: float = field(default_factory=time.monotonic, compare=False)


def claim(run_pk: int, owner: str) -> Claim | None:
    """Take up one run if it is due; None if it is not, or somebody was faster.

    Of a limited run this is whoever stands first in its line.
    """
    return next(iter(claim_each([run_pk], owner)), None)


def claim_each(run_pks: Sequence[int], owner: str) -> list[Claim]:
    """Take up those of these runs that are due and that nobody else is taking up."""
    claims = _take_given_up(run_pks, owner)
    left = set(run_pks) - {claim.run_pk for claim in claims}
    if not left or not _may_be_due(left):
        return claims
    due = Run.objects.claimable(from_ms(now_ms())).filter(pk__in=left)
    with transaction.atomic():
        return claims + _claim(_read(due), owner, len(left))


def _take_given_up(run_pks: Sequence[int], owner: str) -> list[Claim]:
    """Take up what is due, stands in no line and was left in order: that is nearly all."""
    now = now_ms()
    marks = ", ".join(["%s"] * len(run_pks))
    statement = _TAKE.format(marks=marks, skip=lines.skip_locked())
    found = direct.execute(statement, [owner, end_from(now), *run_pks, now])
    return [Claim(run_pk, fence, recovered=False) for run_pk, fence in found]


def _may_be_due(run_pks: Collection[int]) -> bool:
    """Whether it is worth a closer look: most of what is left was taken up by somebody else."""
    statement = _DUE.format(marks=", ".join(["%s"] * len(run_pks)))
    return bool(direct.execute(statement, [*run_pks, now_ms()]))


_RUN = Run._meta.db_table
_DUE = f'SELECT id FROM "{_RUN}" WHERE id IN ({{marks}}) AND due_at <= %s LIMIT 1'
_TAKE = f"""
    UPDATE "{_RUN}" SET fence = fence + 1, lease_owner = %s, due_at = %s,
        status = CASE status WHEN 'waiting' THEN 'running' ELSE status END
    WHERE id IN (
        SELECT id FROM "{_RUN}" WHERE id IN ({{marks}})
            AND due_at <= %s AND lease_owner = '' AND limit_key IS NULL {{skip}}
    ) RETURNING id, fence
"""


def claim_due(owner: str, limit: int) -> list[Claim]:
    """Take up to ``limit`` due runs, those of the highest priority first, of these the oldest.

    On PostgreSQL rows that another sweeper is claiming are skipped, so sweepers share the work.
    """
    claims: list[Claim] = []
    level = _level_below(None)
    while level is not None and len(claims) < limit:
        room = limit - len(claims)
        found, more = _claim_level(level, owner, room)
        claims += found
        if not more:
            level = _level_below(level)
    return claims


def _level_below(level: int | None) -> int | None:
    """The highest priority of runs with a time, below ``level``. There are few, so this is quick:
    in the order of (priority, due_at) the due runs of a priority stand before its sleeping ones."""
    timed = Run.objects.filter(due_at__isnull=False)
    if level is not None:
        timed = timed.filter(priority__lt=level)
    return timed.order_by("-priority").values_list("priority", flat=True).first()


def _claim_level(level: int, owner: str, room: int) -> tuple[list[Claim], bool]:
    """Claims of one priority, and whether there may be more due runs of it."""
    with transaction.atomic():
        due = Run.objects.claimable(from_ms(now_ms())).filter(priority=level).order_by("due_at")
        rows = _read(due[:room])
        claims = _claim(rows, owner, room)
    return claims, len(rows) == room and any(line for *_, line in rows)


Row = tuple[int, int, str, str | None]


def _read(runs: QuerySet[Run]) -> list[Row]:
    """What decides about claims, of rows that are ours until the transaction ends."""
    return list(lines.unlocked(runs).values_list("pk", "fence", "lease_owner", "limit_key"))


def _claim(rows: Sequence[Row], owner: str, room: int) -> list[Claim]:
    claims = _take([(pk, fence, holder) for pk, fence, holder, line in rows if not line], owner)
    keys = dict.fromkeys(line for *_, line in rows if line)
    lines.lock(keys)
    for line in keys:
        claims += _claim_line(line, owner, room - len(claims))
    return claims


def _claim_line(line: str, owner: str, room: int) -> list[Claim]:
    """Claims of a locked line, as many as there are places; what there is no room for is due."""
    now = now_ms()
    lines.queue_up(line, now)
    heads = lines.heads(line, now)
    lines.ring([pk for pk, *_ in heads[room:]], now)
    return _take(heads[:room], owner)


def _take(found: Sequence[tuple[int, int, str]], owner: str) -> list[Claim]:
    """Make locked runs an owner's."""
    if found:
        Run.objects.filter(pk__in=[pk for pk, *_ in found]).update(
            fence=F("fence") + 1,
            lease_owner=owner,
            due_at=from_ms(end_from(now_ms())),
            queued_at=None,
            recoveries=F("recoveries") + _LOST,
            status=_WOKEN,
        )
    return [Claim(pk, fence + 1, bool(holder)) for pk, fence, holder in found]


_LOST = Case(When(lease_owner="", then=Value(0)), default=Value(1))


_WOKEN = Case(
    When(status=Status.WAITING.value, then=Value(Status.RUNNING.value)), default=F("status")
)


def hold(owner: str) -> dict[str, object]:
    """The columns of a run that is taken up in the very transaction that starts it."""
    return {"lease_owner": owner, "due_at": end_from(now_ms())}


def is_held(run: Run) -> bool:
    """Whether somebody is working on a run, as far as its row tells."""
    if not run.lease_owner or run.due_at is None:
        return False
    return not Run.objects.due(timezone.now()).filter(pk=run.pk).exists()


def free(due_at: int | None) -> dict[str, object]:
    """The columns of a run given up: due again at ``due_at`` (ms), or never by itself."""
    return {"lease_owner": "", "due_at": due_at}


def heartbeat(owner: str, run_pks: Sequence[int]) -> dict[int, bool]:
    """Keep these runs of an owner for another lease; tells of each whether it is to be canceled.

    Only runs that are named are kept: one its owner lost track of becomes due. One that is not in
    the answer is the owner's no more.
    """
    held = Run.objects.filter(lease_owner=owner, pk__in=run_pks)
    held.update(due_at=from_ms(end_from(now_ms())))
    return {pk: canceled is not None for pk, canceled in held.values_list("pk", "canceled_at")}


def keep(run_pk: int, fence: int) -> bool:
    """Keep one run, claimed with this fence, for another lease; false if it is somebody else's."""
    held = Run.objects.filter(pk=run_pk, fence=fence).exclude(lease_owner="")
    return held.update(due_at=from_ms(end_from(now_ms()))) == 1


def holds(run_pk: int, fence: int) -> bool:
    """Whether a run that was claimed with this fence still is; asks the database."""
    return Run.objects.filter(pk=run_pk, fence=fence).exclude(lease_owner="").exists()


def lasts() -> float:
    """Seconds for which a claim or a heartbeat keeps a run."""
    return max(conf.LEASE_SECONDS - conf.SWEEP_SECONDS, conf.LEASE_SECONDS / 2)


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
