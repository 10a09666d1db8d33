"""The tasks of distributed steps: asked for by a run's driver, performed by any worker.

They are claimed, kept and fenced as runs are (see ``lease``). A report is written once, by the
worker whose fencing number is current; it stays until the driver has it in its journal. So a report
that was written outlives the driver, and a task outlives the worker that performs it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from runs.models import MemberTask, Run, WorkerProcess
from runs.models.fields import from_ms
from runs.store import lease

Json = Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A task as its driver asks for it; ``fence`` is the number under which it drives the run."""

    run_pk: int
    fence: int
    attempt: int
    path: str
    turn: str
    luggage: Json

    @property
    def key(self) -> tuple[int, int, str, str]:
        return self.run_pk, self.attempt, self.path, self.turn


def post(asked: Sequence[Asked]) -> None:
    """Offer tasks to all workers. One that is known already, of an earlier driver, stays."""
    now = from_ms(lease.now_ms())
    with transaction.atomic():
        runs = Run.objects.filter(pk__in={one.run_pk for one in asked})
        fences = dict(runs.values_list("pk", "fence"))
        rows = [
            MemberTask(
                run_id=one.run_pk,
                attempt=one.attempt,
                path=one.path,
                turn=one.turn,
                luggage=one.luggage,
                due_at=now,
            )
            for one in asked
            if fences.get(one.run_pk) == one.fence
        ]
        MemberTask.objects.bulk_create(rows, ignore_conflicts=True)


def claim(worker: str, room: int) -> list[MemberTask]:
    """Take up due tasks: this worker's share of them, at most ``room``."""
    now = lease.now_ms()
    due = MemberTask.objects.filter(due_at__lte=from_ms(now)).order_by("due_at", "pk")
    waiting = due.count() if room > 0 else 0
    if not waiting:
        return []
    share = ceil(waiting / max(WorkerProcess.objects.alive().count(), 1))
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        taken = list(due[: min(share, room)])
        end = from_ms(lease.end_from(now))
        MemberTask.objects.filter(pk__in=[task.pk for task in taken]).update(
            worker=worker, fence=F("fence") + 1, due_at=end
        )
    for task in taken:
        task.fence += 1
    return taken


def heartbeat(worker: str, held: Mapping[int, int]) -> list[int]:
    """Keep tasks, given with their fences; returns those that are not to go on: their run was
    canceled, or they were given to somebody else, or nobody wants them any more."""
    mine = MemberTask.objects.filter(worker=worker, pk__in=held, report=None)
    mine.update(due_at=from_ms(lease.end_from(lease.now_ms())))
    kept = dict(mine.filter(run__canceled_at=None).values_list("pk", "fence"))
    return [pk for pk, fence in held.items() if kept.get(pk) != fence]


def keep(task: MemberTask) -> bool:
    """Keep one task for another lease; false if it is somebody else's by now, or nobody's."""
    mine = MemberTask.objects.filter(pk=task.pk, fence=task.fence, report=None)
    return mine.update(due_at=from_ms(lease.end_from(lease.now_ms()))) == 1


def report(task: MemberTask, what: Json) -> bool:
    """Write down what came of a task; false if it is somebody else's by now, or nobody's."""
    mine = MemberTask.objects.filter(pk=task.pk, fence=task.fence, report=None)
    return bool(mine.update(report=what, luggage=None, due_at=None))


def put_back(task: MemberTask, due_at: int) -> None:
    MemberTask.objects.filter(pk=task.pk, fence=task.fence).update(
        worker="", due_at=from_ms(due_at)
    )


def reports(run_pks: Collection[int]) -> list[MemberTask]:
    """What has been reported of runs and is not in their journals yet."""
    return list(MemberTask.objects.filter(run_id__in=run_pks, report__isnull=False))


def fences(run_pks: Collection[int]) -> dict[int, int]:
    """The current fencing numbers of runs; who drives one under another has lost it."""
    return dict(Run.objects.filter(pk__in=run_pks).values_list("pk", "fence"))


def discard(pks: Collection[int]) -> None:
    """Forget tasks whose outcomes are in the journal."""
    MemberTask.objects.filter(pk__in=pks).delete()


def discard_of(run_pk: int) -> None:
    """Forget all tasks of a run that has come to rest."""
    MemberTask.objects.filter(run_id=run_pk).delete()
