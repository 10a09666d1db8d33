"""What waits for people: the suspended steps that somebody may answer, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from runs.engine.journal import Kind, Status
from runs.models import AuditEntry, Run, StepSnapshot
from runs.worker import assignees

Json = Any
#: Suspended runs that are looked through, and questions that are shown, at most.
RUNS, QUESTIONS = 300, 50


@dataclass(frozen=True, slots=True)
class Question:
    """One suspended step. ``path`` names it in its run, ``since`` tells it from a later one."""

    run: Run
    path: str
    step_id: str
    since: datetime | None
    payload: Json
    assignees: tuple[str, ...]

    @property
    def waits_for(self) -> str:
        return assignees.shown(self.assignees)


def questions_for(user: Any, runs: QuerySet[Run]) -> list[Question]:
    """The questions of these runs that a user may answer (all of them for None), oldest first."""
    waiting = runs.filter(status=Status.SUSPENDED).order_by("updated_at", "pk")
    found = {run.pk: run for run in waiting.select_related("version")[:RUNS]}
    steps = StepSnapshot.objects.filter(
        run_id__in=found, attempt=F("run__attempt"), status=Status.SUSPENDED, kind=Kind.STEP
    ).order_by("suspended_at", "pk")
    answerer = _Answerer(user)
    open_steps = (step for step in steps if not (step.extra or {}).get("taken"))
    questions = (_question(found[step.run_id], step) for step in open_steps)
    return [one for one in questions if answerer.may(one.assignees)][:QUESTIONS]


def _question(run: Run, step: StepSnapshot) -> Question:
    extra = step.extra or {}
    return Question(
        run=run,
        path=step.path,
        step_id=step.step_id,
        since=step.suspended_at,
        payload=step.suspend_payload,
        assignees=tuple(extra.get("assignees", ())),
    )


class _Answerer:
    """Remembers for each group of names whether the user is among them."""

    def __init__(self, user: Any) -> None:
        self._user = user
        self._known: dict[tuple[str, ...], bool] = {}

    def may(self, names: tuple[str, ...]) -> bool:
        if self._user is None:
            return True
        if names not in self._known:
            self._known[names] = assignees.is_among(self._user, names)
        return self._known[names]


def waiting_count(runs: QuerySet[Run], limit: int) -> int:
    """How many runs wait for an answer, counted up to one more than the limit."""
    return len(runs.filter(status=Status.SUSPENDED).order_by().values_list("pk")[: limit + 1])


def last_answer(run: Run) -> AuditEntry | None:
    """Who answered the run last, as far as the trail tells."""
    answers = AuditEntry.objects.filter(run=run, action="resume")
    return answers.order_by("-pk").first()
