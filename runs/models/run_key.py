"""Idempotency keys: names under which callers ask for a run once, however often they ask."""

from __future__ import annotations

from django.db import models


class RunKey(models.Model):
    """A caller's key for a run. ``attempt`` is the one that was started under it, if one was."""

    workflow = models.ForeignKey("runs.Workflow", models.CASCADE, related_name="+")
    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="keys")
    key = models.CharField(max_length=200)
    attempt = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            # Of two callers with one key the second finds what the first has made.
            models.UniqueConstraint(fields=["workflow", "key"], name="runs_key_unique"),
        )

    def __str__(self) -> str:
        return self.key
