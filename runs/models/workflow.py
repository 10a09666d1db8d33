"""The workflows that processes have registered, and each version of them that runs know."""

from __future__ import annotations

from django.db import models

from runs.models.fields import PayloadField


class Workflow(models.Model):
    """A workflow defined in code. The row is written when a process first runs it."""

    id = models.CharField(primary_key=True, max_length=200)
    description = models.TextField(blank=True, default="")
    metadata = PayloadField()
    #: Whether the code of this installation still defines it.
    available = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.id


class WorkflowVersion(models.Model):
    """One definition of a workflow, told from others by its fingerprint."""

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="versions")
    fingerprint = models.CharField(max_length=64)
    graph = PayloadField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            # Two processes that see a definition first at the same time agree on one row.
            models.UniqueConstraint(
                fields=["workflow", "fingerprint"], name="runs_version_unique_fingerprint"
            ),
        )

    def __str__(self) -> str:
        return f"{self.workflow_id}@{self.fingerprint[:8]}"
