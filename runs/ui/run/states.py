"""The status of each place in the graph, from the entries that lie there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runs.engine.journal import Kind, Status
from runs.engine.path import ROOT
from runs.ui.graph import GraphNode, Mark
from runs.ui.run.rows import Row, root_of, steps_of
from runs.ui.run.timeline import took

#: Of several entries at one place, or several members of a block, the one worth looking at.
_WORST_FIRST = (
    "failed",
    "tripwire",
    "suspended",
    "running",
    "waiting",
    "paused",
    "canceled",
    "success",
)


def marks(rows: list[Row], nodes: Sequence[GraphNode], now: int) -> dict[str, Mark]:
    """By path in the graph; a place that nothing is known of is left out."""
    places: dict[str, list[Row]] = {}
    items: dict[str, list[Row]] = {}
    for row in steps_of(rows):
        (items if row.is_item else places).setdefault(row.place, []).append(row)
    found = {place: _mark(at, items.get(place, []), now) for place, at in places.items()}
    for place, of_items in items.items():
        found.setdefault(place, _mark(of_items, of_items, now))
    answers = {row.place.removesuffix("?"): row.answer for row in rows if row.kind == Kind.DECISION}
    for node in nodes:
        _mark_blocks(node, found, answers)
    root = root_of(rows)
    if root is not None and root.shown_status == Status.SUCCESS:
        found[ROOT] = Mark(root.shown_status)  # the way out of the graph
    return found


def _mark(rows: list[Row], items: list[Row], now: int) -> Mark:
    meant = _meant(rows)
    words = _words(meant, rows, items)
    if meant.status == Status.SKIPPED or meant.taken or meant.started_at is None:
        return Mark(meant.shown_status, words)
    lead = f"{words}, " if words else ""
    goes_on = meant.ends_at is None and not meant.was_stopped
    since = meant.started_at if goes_on else None
    return Mark(meant.shown_status, lead + took(meant, now), since, lead)


def _meant(rows: list[Row]) -> Row:
    """The entry that speaks for its place: of a loop the last turn, of several items the worst."""
    if len({row.scope for row in rows}) == 1 and not rows[-1].is_item:
        return rows[-1]
    worst = _worst(row.shown_status for row in rows)
    return next((row for row in rows if row.shown_status == worst), rows[-1])


def _worst(statuses: Iterable[str]) -> str:
    known = set(statuses)
    return next((status for status in _WORST_FIRST if status in known), "")


def _words(meant: Row, rows: list[Row], items: list[Row]) -> str:
    if meant.status == Status.SKIPPED:
        return "not taken"
    words = []
    if items:
        done = sum(row.status in (Status.SUCCESS, Status.BAILED) for row in items)
        words.append(f"{done} of {len(items)} done")
    elif len(rows) > 1 and meant.iteration is None:
        words.append(f"{len(rows)} times")
    if meant.iteration is not None:
        words.append(f"turn {meant.iteration}")
    if meant.tries and meant.kind == Kind.STEP:
        failed = meant.status == Status.FAILED
        words.append(_tries(meant.tries) if failed else f"try {meant.tries + 1}")
    if meant.taken:
        words.append("kept")
    return ", ".join(words)


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"


def _mark_blocks(node: GraphNode, found: dict[str, Mark], answers: dict[str, object]) -> None:
    """Blocks have no entry of their own: they are what their members are, arms not taken are so."""
    chosen = answers.get(node.path)
    if node.kind == "conditional" and isinstance(chosen, list):
        for index, arm in enumerate(node.children):
            if index not in chosen and arm.path not in found:
                found.update({inner.path: Mark("skipped", "not taken") for inner in arm.walk()})
    for child in node.children:
        _mark_blocks(child, found, answers)
    if node.kind in ("parallel", "conditional"):
        members = [found[child.path].status for child in node.children if child.path in found]
        if status := _worst(members):
            found[node.path] = Mark(status)
