"""Suspended steps that name who may answer: others are refused, wherever they come from.

Whoever acts through a skin is somebody (see ``acting``), and is held to the names. Python code that
resumes a run by itself is trusted, as is anybody where the API is public.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runs.engine import path as paths
from runs.engine import suspensions
from runs.engine.journal import Entry, Journal
from runs.exceptions import NotAssigned
from runs.operations.acting import current_actor
from runs.worker import assignees


def check_resume(
    journal: Journal, step: Sequence[str] | None, label: str | None, index: int | None
) -> None:
    """Raise NotAssigned if what these arguments would resume waits for others."""
    _check(suspensions.find(journal, step=step, label=label, index=index))


def check_travel(journal: Journal, target: Sequence[str]) -> None:
    """Raise NotAssigned if a trip that brings an answer along would answer for others."""
    meant = tuple(target)
    leaves = suspensions.leaves(journal)
    _check(leaf for leaf in leaves if paths.step_ids(leaf.path) == meant)


def _check(leaves: Iterable[Entry]) -> None:
    actor = current_actor()
    if actor is None or actor.user is None:
        return
    for leaf in leaves:
        if not assignees.is_among(actor.user, leaf.assignees):
            step = paths.dotted(leaf.path)
            who = assignees.shown(leaf.assignees)
            raise NotAssigned(f'Step "{step}" waits for an answer of {who}', step=step)
