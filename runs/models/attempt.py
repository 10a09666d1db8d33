"""The attempts of a run: starting a finished run again, or time travel, makes a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models

from runs.models.run_event import RunEvent
from runs.models.step_snapshot import StepSnapshot

if TYPE_CHECKING:
    from runs.engine.result import WorkflowResult


class AttemptManager(models.Manager["Attempt"]):
    def get_queryset(self) -> models.QuerySet[Attempt]:
        return super().get_queryset().filter(path="").order_by("run", "attempt")


class Attempt(StepSnapshot):
    """One attempt of a run. Older ones are kept as they ended; ``number`` counts from 1."""

    objects: ClassVar[AttemptManager] = AttemptManager()  # type: ignore[assignment]

    class Meta:
        proxy = True

    def __str__(self) -> str:
        return f"attempt {self.attempt}: {self.status}"

    @property
    def number(self) -> int:
        return self.attempt

    @property
    def steps(self) -> models.QuerySet[StepSnapshot]:
        """What is recorded of its steps, in the order in which they began."""
        rows = StepSnapshot.objects.filter(run_id=self.run_id, attempt=self.attempt)
        return rows.exclude(path="").exclude(kind="decision").order_by("begun")

    @property
    def events(self) -> models.QuerySet[RunEvent]:
        return RunEvent.objects.filter(run_id=self.run_id, attempt=self.attempt).order_by("seq")

    def outcome(self, **output_options: Any) -> WorkflowResult:
        """What the attempt came to, as its call returned it then."""
        from runs import operations

        return operations.attempt_outcome(self.run, self.attempt, **output_options)
