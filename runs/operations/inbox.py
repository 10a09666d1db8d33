"""What waits for people: the suspended steps that somebody may answer, oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import F, QuerySet

from runs.engine.journal import Kind, Status
from runs.models import AuditEntry, Run, StepSnapshot
from runs.worker import assignees

Json = Any
T = TypeVar("T")
#: Suspended runs that are looked through, and questions that are shown, at most.
RUNS, QUESTIONS = 1000, 50
#: Runs that are looked at together; nearly always the first of these are enough.
CHUNK = 100


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
    """The questions of these runs that a user may answer (all of them for None), oldest first.

    Runs are looked through in the order of their age, which an index has, not in that of their
    questions.
    """
    answerer = _Answerer(user)
    found: list[Question] = []
    for chunk in _chunks(_waiting(runs).select_related("version")):
        by_key = {run.pk: run for run in chunk}
        steps = _suspended_steps(by_key)
        found += [_question(by_key[one.run_id], one) for one in steps if answerer.may(one.extra)]
        if len(found) >= QUESTIONS:
            break
    return sorted(found, key=_age)[:QUESTIONS]


def waiting_count(user: Any, runs: QuerySet[Run], limit: int) -> int:
    """How many questions of these runs a user may answer, counted to one more than the limit."""
    answerer = _Answerer(user)
    count = 0
    for keys in _chunks(_waiting(runs).values_list("pk", flat=True)):
        extras = _suspended_steps(keys).values_list("extra", flat=True)
        count += sum(1 for extra in extras if answerer.may(extra))
        if count > limit:
            return limit + 1
    return count


def _waiting(runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.filter(status=Status.SUSPENDED).order_by("created_at", "pk")


def _chunks(rows: QuerySet[Any, T]) -> Iterator[list[T]]:
    for at in range(0, RUNS, CHUNK):
        chunk = list(rows[at : at + CHUNK])
        if chunk:
            yield chunk
        if len(chunk) < CHUNK:
            return


def _suspended_steps(run_keys: Iterable[int]) -> QuerySet[StepSnapshot]:
    return StepSnapshot.objects.filter(
        run_id__in=run_keys, attempt=F("run__attempt"), status=Status.SUSPENDED, kind=Kind.STEP
    ).order_by("pk")


def _age(question: Question) -> tuple[float, int]:
    return question.since.timestamp() if question.since else 0, question.run.pk


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

    def may(self, extra: dict[str, Any] | None) -> bool:
        """Whether a suspended step asks this user; ``extra`` is what it has beside the usual."""
        told = extra or {}
        if told.get("taken"):
            return False
        names = tuple(told.get("assignees", ()))
        if self._user is None or not names:
            return True
        if names not in self._known:
            self._known[names] = assignees.is_among(self._user, names)
        return self._known[names]


def last_answer(run: Run) -> AuditEntry | None:
    """Who answered the run last, as far as the trail tells."""
    answers = AuditEntry.objects.filter(run=run, action="resume")
    return answers.order_by("-pk").first()
