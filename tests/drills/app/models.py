from __future__ import annotations

from django.db import models


class Effect(models.Model):
    """What a transactional step did: a row of the database that the journal is in, too."""

    run_id = models.CharField(max_length=200)
    step = models.CharField(max_length=40)
    mark = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.step} of {self.run_id}"
