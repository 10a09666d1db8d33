"""The head of a run's page: how it stands, why, and what one may do with it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from runs import operations
from runs.engine import path as paths
from runs.models.fields import to_ms
from runs.operations import Because
from runs.ui.run.rows import Row, began_at, root_of, steps_of
from runs.ui.run.subject import Subject


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do: a link to its page, which a script shows as a dialog."""

    name: str
    title: str
    key: str
    icon: str
    url: str
    kind: str = ""
    in_dialog: bool = True


def because(subject: Subject) -> Because:
    """Why it is where it is; of an earlier attempt there is nothing to wait for."""
    if not subject.is_current:
        return Because("an earlier attempt, kept as it ended")
    if subject.is_canceling:
        return _canceling(steps_of(subject.rows))
    return operations.because_of([subject.run])[subject.run.pk]


def _canceling(steps: list[Row]) -> Because:
    """The body that is running was told to stop; it may still end."""
    going = [row for row in steps if row.is_going and not row.is_container]
    if not going:
        return Because("canceling: nothing of it starts any more")
    names = ", ".join(paths.dotted(row.path) for row in going[:3])
    return Because(f"canceling: {names} was told to stop and may still end", going[0].path)


def acts(subject: Subject, selected: Row | None) -> list[Act]:
    """What the caller may do with the run now."""
    found = []
    waits = [row for row in steps_of(subject.rows) if subject.may_answer(row)]
    if waits:
        chosen = selected if selected in waits else waits[0]
        link = f"{subject.url('run-answer')}?{_step(chosen.path)}"
        found.append(Act("answer", "Answer", "r", "person", link, "primary"))
    if subject.can_restart:
        found.append(Act("restart", "Restart", "", "restart", subject.url("run-restart")))
    if subject.can_travel and subject.rows:
        link = subject.url("run-travel")
        if selected is not None and selected.path:
            link = f"{link}?{_step(selected.path)}"
        found.append(Act("travel", "Time travel", "t", "travel", link))
    if subject.can_start_again:
        found.append(Act("again", "Run again", "s", "play", _again(subject), in_dialog=False))
    if subject.can_cancel:
        found.append(Act("cancel", "Cancel", "c", "stop", subject.url("run-cancel"), "danger"))
    if subject.can_delete:
        found.append(Act("delete", "Delete", "", "trash", subject.url("run-delete"), "quiet"))
    return found


def _again(subject: Subject) -> str:
    """The form that starts its workflow, filled in with what this run began with."""
    form = reverse("runs:workflow", args=[subject.run.workflow_id])
    return f"{form}?{urlencode({'from': subject.run.run_id})}#start"


def _step(path: str) -> str:
    return urlencode({"step": path})


def times(subject: Subject) -> tuple[int | None, int | None]:
    """When the attempt began and ended (ms)."""
    root = root_of(subject.rows)
    began = began_at(subject.rows, subject.attempt)
    if root is None:
        return to_ms(subject.run.started_at), None
    over = subject.status not in ("running", "waiting", "suspended", "pending")
    return began, root.ended_at if over else None
