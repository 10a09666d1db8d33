"""Two attempts of a run side by side: what is the same, what came out otherwise, what is new."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from runs import shown
from runs.engine import path as paths
from runs.engine.journal import Entry, Journal, Kind, Status
from runs.models import Run
from runs.store import journals
from runs.ui.run.payloads import WHOLE

Json = Any

SAME, CHANGED, LEFT, RIGHT = "same", "changed", "only left", "only right"


@dataclass(frozen=True, slots=True)
class Side:
    status: str
    took: float | None
    kept: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a diff: "+", "-", " " or "@" (something was left out)."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    path: str
    mark: str
    left: Side | None
    right: Side | None
    #: Seconds that the right one took longer; negative if it was quicker.
    slower: float | None
    values: list[tuple[str, list[Change]]]


@dataclass(frozen=True, slots=True)
class Comparison:
    pairs: list[Pair]
    counts: dict[str, int]
    slower: float | None
    result: list[tuple[str, list[Change]]]
    left: Side
    right: Side


def compare(run: Run, a: int, b: int, *, may_view: bool) -> Comparison:
    """Attempts ``a`` (left) and ``b`` (right), path by path in the order in which they began."""
    left, right = journals.load(run, a), journals.load(run, b)
    order = list(dict.fromkeys([*_shown(left.entries), *_shown(right.entries)]))
    order.sort(key=lambda path: _begun(left.entries, right.entries, path))
    pairs = [_pair(path, left.get(path), right.get(path), may_view) for path in order]
    counts = {mark: sum(p.mark == mark for p in pairs) for mark in (SAME, CHANGED, LEFT, RIGHT)}
    ends = _whole(left), _whole(right)
    values = _values(left.root, right.root) if may_view else []
    return Comparison(pairs, counts, _delta(*ends), values, *ends)


def _shown(entries: dict[str, Entry]) -> list[str]:
    return [p for p, e in entries.items() if p != paths.ROOT and e.kind is not Kind.DECISION]


def _begun(left: dict[str, Entry], right: dict[str, Entry], path: str) -> int:
    return (left.get(path) or right[path]).begun


def _pair(path: str, left: Entry | None, right: Entry | None, may_view: bool) -> Pair:
    one = _side(left) if left else None
    other = _side(right) if right else None
    if left is None or right is None:
        entry = left or right
        values = _values(left, right) if may_view and entry else []
        return Pair(path, LEFT if left else RIGHT, one, other, None, values)
    mark = SAME if _alike(left, right) else CHANGED
    values = _values(left, right) if mark == CHANGED and may_view else []
    return Pair(path, mark, one, other, _delta(one, other), values)


def _alike(left: Entry, right: Entry) -> bool:
    return all(
        getattr(left, name) == getattr(right, name)
        for name in ("status", "input", "output", "error", "resume_payload")
    )


def _side(entry: Entry) -> Side:
    status = "success" if entry.status is Status.BAILED else entry.status.value
    started, ended = entry.started_at, entry.ended_at
    took = None if started is None or ended is None else max(ended - started, 0) / 1000
    return Side(status, took, entry.taken or entry.kept_from is not None)


def _whole(journal: Journal) -> Side:
    """The attempt itself: it took as long as from its first own step to its end."""
    root = _side(journal.root)
    own = [
        entry.started_at
        for entry in journal.entries.values()
        if entry.path and entry.started_at and not entry.taken and entry.kept_from is None
    ]
    ended = journal.root.ended_at
    if journal.attempt == 1 or ended is None or not own:
        return root
    return Side(root.status, max(ended - min(own), 0) / 1000, kept=False)


def _delta(left: Side | None, right: Side | None) -> float | None:
    if left is None or right is None or left.took is None or right.took is None:
        return None
    return None if right.kept else right.took - left.took


def _values(left: Entry | None, right: Entry | None) -> list[tuple[str, list[Change]]]:
    found = []
    for name in ("input", "output", "error", "resume_payload"):
        one = getattr(left, name) if left else None
        other = getattr(right, name) if right else None
        if one != other:
            title = "answer" if name == "resume_payload" else name
            found.append((title, changes(one, other)))
    return found


def changes(left: Json, right: Json) -> list[Change]:
    """The lines in which two values differ, with three lines around each."""
    one = [] if left is None else shown.pretty(left)[:WHOLE].splitlines()
    other = [] if right is None else shown.pretty(right)[:WHOLE].splitlines()
    lines = list(difflib.unified_diff(one, other, lineterm="", n=3))[2:]
    shown_from_the_first = ("@@ -1", "@@ -0")
    return [
        Change("@" if line.startswith("@@") else line[:1], line[1:])
        for line in lines
        if not line.startswith(shown_from_the_first)
    ]
