"""Who did what to which run."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from runs.models.fields import PayloadField


class AuditEntry(models.Model):
    """One call of the front door that changed a run, written in the same transaction."""

    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="audit_entries")
    action = models.CharField(max_length=40)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    reason = models.TextField(blank=True, default="")
    details = PayloadField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} of run {self.run_id}"
