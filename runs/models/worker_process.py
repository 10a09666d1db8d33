"""The worker processes and their signs of life."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from runs.conf import conf


class WorkerProcessQuerySet(models.QuerySet["WorkerProcess"]):
    def alive(self) -> WorkerProcessQuerySet:
        return self.filter(seen_at__gte=_limit())


class WorkerProcess(models.Model):
    """One process that drives runs. ``id`` is also the owner's name in the leases it holds."""

    id = models.CharField(primary_key=True, max_length=200)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    slots = models.PositiveIntegerField()
    driving = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    #: When it last looked for due runs.
    swept_at = models.DateTimeField(null=True)

    objects = WorkerProcessQuerySet.as_manager()

    class Meta:
        ordering = ("started_at",)
        verbose_name_plural = "worker processes"
        # For alive(): start() asks whether anybody would take the run.
        indexes = (models.Index(fields=["seen_at"], name="runs_worker_seen"),)

    def __str__(self) -> str:
        return self.id

    @property
    def is_alive(self) -> bool:
        return self.seen_at >= _limit()


def _limit() -> datetime:
    return timezone.now() - timedelta(seconds=conf.WORKER_TIMEOUT_SECONDS)
