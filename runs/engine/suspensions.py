"""Where a run is suspended, and which of these places a caller means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runs.engine import path as paths
from runs.engine.journal import Entry, Journal, Kind, Status
from runs.engine.transitions import path_below
from runs.exceptions import AmbiguousResume, RunNotSuspended, StepNotSuspended

Json = Any


def halted(journal: Journal, scope: str = paths.ROOT) -> list[Entry]:
    """The suspended entries directly in a workflow, in the order in which they began."""
    found = [
        journal.entries[path]
        for (where, _), path in journal.latest.items()
        if where == scope and waits(journal.entries[path])
    ]
    return sorted(found, key=lambda entry: entry.begun)


def waits(entry: Entry) -> bool:
    """Whether it waits for an answer; time travel may have gone past it."""
    return entry.status is Status.SUSPENDED and not entry.taken


def suspended_path(entry: Entry) -> list[str]:
    """The ids from a suspended entry down to the step that waits, as Mastra's results have it."""
    return [entry.step_id, *path_below(entry)]


def labels(journal: Journal, scope: str = paths.ROOT, since: int = 0) -> dict[str, dict[str, Json]]:
    """Resume labels by name: ``{stepId, foreachIndex?}`` with the id of the scope's own step.

    ``since`` leaves out those of older suspensions (an order number of the journal).
    """
    found: dict[str, dict[str, Json]] = {}
    for entry in leaves(journal, scope):
        if entry.ended <= since:
            continue
        for label in entry.labels:
            found[label] = _label_target(entry.path, scope)
    return found


def _label_target(path: str, scope: str) -> dict[str, Json]:
    below = path[len(scope) + 1 :] if scope else path
    top = below.split("/")[0]
    target: dict[str, Json] = {"stepId": paths.step_ids(top)[0]}
    if top.endswith("]"):
        target["foreachIndex"] = int(top[top.rindex("[") + 1 : -1])
    return target


def leaves(journal: Journal, scope: str = paths.ROOT) -> list[Entry]:
    """The suspended steps themselves, wherever they are in a workflow."""
    return [
        entry
        for entry in journal.entries.values()
        if waits(entry)
        and entry.kind is Kind.STEP
        and paths.is_within(entry.path, scope)
        and _is_reachable(journal, entry, scope)
    ]


def _is_reachable(journal: Journal, entry: Entry, scope: str) -> bool:
    """Whether all it lies in is suspended too, and still in the try that it lies in."""
    while paths.parent(entry.path) != scope or entry.is_item:
        around = journal.entries[paths.above(entry.path)]
        inside = paths.inner(around.path, around.tries + 1)
        if not waits(around) or not (entry.is_item or paths.parent(entry.path) == inside):
            return False
        entry = around
    return True


def find(
    journal: Journal,
    *,
    step: Sequence[str] | None,
    label: str | None,
    index: int | None,
) -> list[Entry]:
    """The entries to resume: steps, or a foreach none of whose items is meant.

    A known label wins over ``step``, an unknown one is ignored. Raises as ``edits.resume`` says.
    """
    if journal.status is not Status.SUSPENDED:
        raise RunNotSuspended(status=journal.status.value)
    labeled = [entry for entry in leaves(journal) if label is not None and label in entry.labels]
    if labeled:
        return labeled[-1:]
    return _in_scope(journal, paths.ROOT, list(step or ()), index)


def _in_scope(journal: Journal, scope: str, ids: list[str], index: int | None) -> list[Entry]:
    entry = _pick(journal, scope, ids)
    # Not named at all, the place meant is the one that the record shows.
    below = ids[1:] if ids else suspended_path(entry)[1:]
    if entry.kind is Kind.FOREACH:
        return _in_foreach(journal, entry, below, index)
    return _below(journal, entry, below, index)


def _below(journal: Journal, entry: Entry, ids: list[str], index: int | None) -> list[Entry]:
    if entry.kind is Kind.WORKFLOW:
        return _in_scope(journal, paths.inner(entry.path, entry.tries + 1), ids, index)
    return [entry]


def _in_foreach(journal: Journal, entry: Entry, ids: list[str], index: int | None) -> list[Entry]:
    count = len(entry.input) if isinstance(entry.input, list) else 0
    indexes = range(count) if index is None else [index]
    items = [journal.get(paths.item(entry.path, i)) for i in indexes]
    waiting = [i for i in items if i is not None and i.status is Status.SUSPENDED]
    found: list[Entry] = []
    refused = None
    for item in waiting:
        # Items may be suspended at different places; those that are at the one named are meant.
        try:
            found += _below(journal, item, ids, None)
        except (StepNotSuspended, AmbiguousResume) as error:
            refused = refused or error
    if refused is not None and not found:
        raise refused
    return found or [entry]


def _pick(journal: Journal, scope: str, ids: list[str]) -> Entry:
    waiting = halted(journal, scope)
    if not waiting:
        raise RunNotSuspended("No suspended steps found in this workflow run")
    if ids:
        for entry in waiting:
            if entry.step_id == ids[0]:
                return entry
        available = ", ".join(entry.step_id for entry in waiting)
        raise StepNotSuspended(
            f'This workflow step "{ids[0]}" was not suspended. '
            f"Available suspended steps: [{available}]"
        )
    if len(waiting) > 1:
        listed = ", ".join(f"[{', '.join(suspended_path(entry))}]" for entry in waiting)
        raise AmbiguousResume(
            f"Multiple suspended steps found: {listed}. "
            'Please specify which step to resume using the "step" parameter.'
        )
    return waiting[0]
