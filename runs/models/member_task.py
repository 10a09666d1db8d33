"""Steps that any worker may perform for the one that drives their run."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from runs.models.fields import MomentField, PayloadField


class MemberTask(models.Model):
    """One try of a distributed step, from its beginning until its outcome is in the journal.

    ``due_at`` is when a worker may take it: at once, or when the lease of the one that has it ends;
    null when there is a report. ``turn`` tells tries and resumes of one path apart.
    """

    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="member_tasks")
    attempt = models.PositiveIntegerField()
    path = models.TextField()
    turn = models.CharField(max_length=40)
    luggage = PayloadField()
    report = PayloadField()
    due_at = MomentField(null=True)
    worker = models.CharField(max_length=200, blank=True, default="")
    fence = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("id",)
        constraints = (
            # Whoever takes a run over finds what its last driver had asked for.
            models.UniqueConstraint(
                fields=["run", "attempt", "path", "turn"], name="runs_member_unique_turn"
            ),
        )
        indexes = (
            # What a worker may take up.
            models.Index(
                fields=["due_at"], name="runs_member_due", condition=Q(due_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.path} ({self.turn}) of run {self.run_id}"
