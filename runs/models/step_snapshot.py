"""What is recorded of each path of each attempt of a run."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from runs.models.fields import MomentField, PayloadField, RowKeyField


class StepSnapshot(models.Model):
    """One journal entry (see ``runs.engine.journal``): a step, nested workflow, wait or decision.

    The row at path ``""`` is the attempt itself: its input, result, state and error are the run's.
    ``input_ref`` and ``output_ref`` name where a value is stored when it is not in this row.
    """

    id = RowKeyField(primary_key=True)
    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="steps", db_index=False)
    attempt = models.PositiveIntegerField()
    path = models.TextField(blank=True)
    step_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    status = models.CharField(max_length=20)
    position = models.CharField(max_length=40, blank=True)
    iteration = models.PositiveIntegerField(null=True)
    begun = models.PositiveIntegerField()
    ended = models.PositiveIntegerField(default=0)
    starts = models.PositiveIntegerField(default=1)
    tries = models.PositiveIntegerField(default=0)
    started_at = MomentField(null=True)
    ended_at = MomentField(null=True)
    suspended_at = MomentField(null=True)
    resumed_at = MomentField(null=True)
    wake_at = MomentField(null=True)
    input = PayloadField()
    input_ref = models.TextField(null=True)  # noqa: DJ001 - null says that the value is here
    output = PayloadField()
    output_ref = models.TextField(null=True)  # noqa: DJ001
    error = PayloadField()
    suspend_payload = PayloadField()
    resume_payload = PayloadField()
    state = PayloadField()
    #: What few entries have: labels, metadata, tripwire, suspendOutput, nonRetryable.
    extra = PayloadField()
    #: The attempt this entry was taken over from; its values are stored there.
    kept_from = models.PositiveIntegerField(null=True)

    #: Columns the store writes, in the order of its statements.
    COLUMNS: ClassVar[tuple[str, ...]]

    class Meta:
        ordering = ("run", "attempt", "begun")
        constraints = (
            # "The journal of attempt A of run R", its entry at a path, and: one entry a path.
            models.UniqueConstraint(
                fields=["run", "attempt", "path"], name="runs_snapshot_unique_path"
            ),
        )

    def __str__(self) -> str:
        return f"{self.path or '(run)'} {self.status}"


StepSnapshot.COLUMNS = tuple(
    field.column
    for field in StepSnapshot._meta.concrete_fields
    if field.column is not None and not field.primary_key
)
