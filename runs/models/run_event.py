"""The numbered log of what runs told."""

from __future__ import annotations

from django.db import models

from runs.models.fields import MomentField, PayloadField


class RunEvent(models.Model):
    """One event of a run, numbered from 0 without gaps, never changed.

    The row is thin: what the entry at ``path`` shows is put together with ``own`` when it is read.
    """

    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    attempt = models.PositiveIntegerField()
    type = models.CharField(max_length=60)
    path = models.TextField(blank=True)
    at = MomentField()
    own = PayloadField()

    class Meta:
        ordering = ("run", "seq")
        constraints = (
            # "The events of run R from number N on", and: two writers cannot give one number.
            models.UniqueConstraint(fields=["run", "seq"], name="runs_event_unique_seq"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"
