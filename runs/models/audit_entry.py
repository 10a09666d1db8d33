"""Who did what to which run."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from runs.models.fields import PayloadField


class AuditEntry(models.Model):
    """One call of the front door that changed a run, written in the same transaction.

    It outlives its run and its actor: ``subject`` (``workflow/run``) and ``actor_name`` say in
    words what they were.
    """

    run = models.ForeignKey(
        "runs.Run", models.SET_NULL, null=True, blank=True, related_name="audit_entries"
    )
    subject = models.CharField(max_length=401, blank=True, default="")
    action = models.CharField(max_length=40)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    actor_name = models.CharField(max_length=200, blank=True, default="")
    #: Where from: api, page, admin, websocket, command.
    source = models.CharField(max_length=20, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    details = PayloadField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} of run {self.subject}"
