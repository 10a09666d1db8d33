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
    found = [entry for entry in _directly_in(journal, scope) if waits(entry)]
    return sorted(found, key=lambda entry: entry.begun)


def waits(entry: Entry) -> bool:
    """Whether it waits for an answer; time travel may have gone past it."""
    return entry.status is Status.SUSPENDED and not entry.taken


def failed_beside(journal: Journal, entry: Entry) -> bool:
    """Whether it failed (or bailed) with something in it still suspended."""
    if entry.status not in (Status.FAILED, Status.BAILED) or entry.taken:
        return False
    if entry.kind is Kind.FOREACH:
        return any(waits(item) or failed_beside(journal, item) for item in _items(journal, entry))
    inside = paths.inner(entry.path, entry.tries + 1)
    return entry.kind is Kind.WORKFLOW and any(map(waits, _directly_in(journal, inside)))


def _directly_in(journal: Journal, scope: str) -> list[Entry]:
    return [journal.entries[path] for (where, _), path in journal.latest.items() if where == scope]


def _items(journal: Journal, foreach: Entry) -> list[Entry]:
    count = len(foreach.input) if isinstance(foreach.input, list) else 0
    found = (journal.get(paths.item(foreach.path, index)) for index in range(count))
    return [item for item in found if item is not None]


def suspended_path(entry: Entry) -> list[str]:
    """The ids from a suspended entry down to the step that waits, as Mastra's results have it."""
    return [entry.step_id, *path_below(entry)]


def labels(journal: Journal, scope: str = paths.ROOT, since: int = 0) -> dict[str, dict[str, Json]]:
    """Resume labels by name: ``{stepId, foreachIndex?}`` with the id of the scope's own step.

    ``since`` leaves out those of older suspensions (an order number of the journal): the run has
    ended, and what shows are those that came in its end, also in a foreach that failed beside them.
    """
    found: dict[str, dict[str, Json]] = {}
    for entry in leaves(journal, scope, with_failed=since > 0):
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


def leaves(journal: Journal, scope: str = paths.ROOT, *, with_failed: bool = False) -> list[Entry]:
    """The suspended steps themselves, wherever they are in a workflow.

    ``with_failed`` adds those in a foreach that has failed beside them.
    """
    return [
        entry
        for entry in journal.entries.values()
        if waits(entry)
        and entry.kind is Kind.STEP
        and paths.is_within(entry.path, scope)
        and _is_reachable(journal, entry, scope, with_failed)
    ]


def _is_reachable(journal: Journal, entry: Entry, scope: str, with_failed: bool) -> bool:
    """Whether all it lies in is suspended too, and still in the try that it lies in."""
    while paths.parent(entry.path) != scope or entry.is_item:
        around = journal.entries[paths.above(entry.path)]
        inside = paths.inner(around.path, around.tries + 1)
        stays = waits(around) or (with_failed and entry.is_item and failed_beside(journal, around))
        if not stays or not (entry.is_item or paths.parent(entry.path) == inside):
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

    A known label wins over ``step``, an unknown one is ignored; an index given beside a label says
    which item is meant. Raises as ``edits.resume`` says.
    """
    if journal.status is not Status.SUSPENDED:
        raise RunNotSuspended(status=journal.status.value)
    labeled = [entry for entry in leaves(journal) if label is not None and label in entry.labels]
    if labeled and index is None:
        return labeled[-1:]
    if labeled:
        step = paths.step_ids(labeled[-1].path)
    return _in_scope(journal, paths.ROOT, list(step or ()), index)


def chain(journal: Journal, entry: Entry) -> list[Entry]:
    """A suspended entry and those in it down to the one that waits, outermost first.

    Raises AmbiguousResume when several wait in it.
    """
    found = [entry]
    if entry.kind is Kind.WORKFLOW:
        for leaf in _below(journal, entry, [], None):
            found += with_ancestors(journal, [leaf], within=entry.path)
    return found


def with_ancestors(
    journal: Journal, leaves: Sequence[Entry], within: str = paths.ROOT
) -> list[Entry]:
    """The entries and all they lie in below ``within``, outermost first, each once."""
    found: dict[str, Entry] = {}
    for leaf in leaves:
        line = [leaf]
        while (above := paths.above(line[-1].path)) != within:
            line.append(journal.entries[above])
        found |= {entry.path: entry for entry in reversed(line)}
    return list(found.values())


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
    items = _items(journal, entry)
    if index is not None:
        items = [item for item in items if item.path == paths.item(entry.path, index)]
    waiting = [item for item in items if item.status is Status.SUSPENDED]
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
