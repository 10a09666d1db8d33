"""What is to be told to whom, and whether it has been: the outbox and its log in one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from runs.models.fields import MomentField, PayloadField


class WebhookDelivery(models.Model):
    """One message to one URL, written in the transaction that changed its run.

    ``due_at`` is when somebody should send it: at once, again after a failure, or when whoever is
    at it has had enough time; null when it is settled. Its id stays the same over all tries.
    """

    PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"

    id = models.CharField(primary_key=True, max_length=40)
    #: By name, not by key: the log outlives the run.
    workflow_id = models.CharField(max_length=200)
    run_id = models.CharField(max_length=200)
    event = models.CharField(max_length=30)
    url = models.TextField()
    #: Name of the setting that holds the secret.
    secret = models.CharField(max_length=200)
    body = models.TextField()
    status = models.CharField(
        max_length=10,
        choices=[(text, text) for text in (PENDING, DELIVERED, FAILED)],
        default=PENDING,
    )
    tries = models.PositiveIntegerField(default=0)
    due_at = MomentField(null=True, blank=True)
    #: Each try: ``at`` and ``took`` (ms), and ``status`` of the answer or the ``error``.
    log = PayloadField(default=list)
    created_at = MomentField()
    settled_at = MomentField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "webhook deliveries"
        indexes = (
            # The sweep: what is to be sent now. Most are settled and not in it.
            models.Index(
                fields=["due_at"], name="runs_delivery_due", condition=Q(due_at__isnull=False)
            ),
            # What was told of one run.
            models.Index(fields=["workflow_id", "run_id"], name="runs_delivery_of_run"),
            # Forgetting old ones.
            models.Index(fields=["settled_at"], name="runs_delivery_settled"),
        )

    def __str__(self) -> str:
        return f"{self.event} of {self.workflow_id}/{self.run_id} to {self.url}"
