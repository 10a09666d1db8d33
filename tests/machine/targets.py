"""The places of a run that a call may name: where it is suspended, and what it has recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runs.engine import path as paths
from runs.engine import suspensions
from runs.engine.journal import Journal, Kind, Status
from runs.engine.suspensions import suspended_path


def answers(journal: Journal, *, by_label: bool) -> Iterator[dict[str, Any]]:
    """Every way to name a place that is suspended, as options of ``resume``."""
    if journal.status is not Status.SUSPENDED:
        return
    if by_label:
        for label in suspensions.labels(journal):
            yield {"label": label}
    for entry in suspensions.halted(journal):
        yield {"step": suspended_path(entry)}
        if entry.kind is Kind.FOREACH:
            for index in range(len(entry.input)):
                item = journal.get(paths.item(entry.path, index))
                if item is not None and item.status is Status.SUSPENDED:
                    yield {"step": entry.step_id, "for_each_index": index}


def recorded(journal: Journal, scope: str, ids: list[str]) -> Iterator[list[str]]:
    """The ids down to each recorded step, as targets of ``time_travel``."""
    for (where, step_id), path in journal.latest.items():
        if where != scope:
            continue
        yield [*ids, step_id]
        entry = journal.entries[path]
        if entry.kind is Kind.WORKFLOW and entry.iteration is None:
            yield from recorded(journal, paths.inner(path, entry.tries + 1), [*ids, step_id])
