"""One entry of the journal in full: what it got, gave, asked, was told, and how its tries went."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from runs.engine import path as paths
from runs.engine import refs
from runs.engine.journal import Entry, Kind
from runs.engine.transitions import user_part
from runs.exceptions import RunNotFound
from runs.models import Run
from runs.store import journals
from runs.ui.run import log
from runs.ui.run.log import Line
from runs.ui.run.payloads import Payload, payload
from runs.ui.run.rows import Row, root_of, steps_of
from runs.worker import assignees

Json = Any

#: Cells of a strip that are drawn; the rest is counted.
CELLS = 400
#: Events of the step that are listed.
LINES = 30
_URGENT = {"failed": 0, "tripwire": 0, "suspended": 1, "running": 2, "waiting": 3}


@dataclass(frozen=True, slots=True)
class Cell:
    """One item of a foreach."""

    path: str
    index: int
    status: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The items of a foreach: the ones that need somebody first."""

    cells: list[Cell]
    hidden: int
    counts: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Turns:
    """Where a turn of a loop stands among the others."""

    number: int
    last: int
    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Try:
    number: int
    ended_at: int
    message: str
    name: str
    wakes_at: int | None


@dataclass(frozen=True, slots=True)
class Inspector:
    row: Row
    payloads: list[Payload]
    error: dict[str, Json] | None
    tries: list[Try]
    lines: list[Line]
    strip: Strip | None
    turns: Turns | None
    #: Who may answer, in words; empty for everybody who may resume.
    waits_for: str
    #: What the step asked, if it waits for an answer.
    question: Json = None
    kept_from: int | None = None
    facts: list[tuple[str, int]] = field(default_factory=list)


def choose(rows: list[Row], wanted: str | None) -> Row | None:
    """The row asked for, else the one somebody would look at first."""
    steps = steps_of(rows)
    if wanted is not None:
        return _named(steps, wanted)
    for test in (_waits, _failed, _goes):
        found = [row for row in steps if test(row)]
        if found:
            return found[0]
    return steps[-1] if steps else root_of(rows)


def _named(steps: list[Row], wanted: str) -> Row | None:
    """The row at that path; of a place in the graph its last turn, or its foreach as a whole."""
    exact = [row for row in steps if row.path == wanted]
    there = [row for row in steps if row.place == wanted]
    whole = [row for row in there if not row.is_item]
    found = exact or whole or there
    return found[-1] if found else None


def _waits(row: Row) -> bool:
    return row.waits_for_answer


def _failed(row: Row) -> bool:
    return row.shown_status == "failed" and not row.is_container


def _goes(row: Row) -> bool:
    return row.shown_status in ("running", "waiting") and not row.is_container


def inspect(run: Run, attempt: int, row: Row, rows: list[Row], *, may_view: bool) -> Inspector:
    """Read what the entry holds; three or four queries, however long the run is."""
    entry = entry_of(run, attempt, row)
    return Inspector(
        row=row,
        payloads=list(_payloads(entry, may_view)),
        error=entry.error,
        tries=_tries(row),
        lines=log.about(run, row.path, attempt, limit=LINES, with_payloads=may_view),
        strip=_strip(row, rows),
        turns=_turns(row, rows),
        waits_for=assignees.shown(row.assignees),
        question=user_part(entry.suspend_payload) if row.waits_for_answer and may_view else None,
        kept_from=row.kept_from,
        facts=_facts(row),
    )


def entry_of(run: Run, attempt: int, row: Row) -> Entry:
    """All that is recorded of a row; RunNotFound if the run was deleted since that was read."""
    found = journals.load_entries(run.pk, attempt, [row.path]).get(row.path)
    if found is None:
        raise RunNotFound(run_id=run.run_id, workflow_id=run.workflow_id)
    return found


def _facts(row: Row) -> list[tuple[str, int]]:
    moments = (
        ("started", row.started_at),
        ("suspended", row.suspended_at),
        ("resumed", row.resumed_at),
        ("wakes", row.wake_at),
        ("ended", row.ends_at),
    )
    return [(name, at) for name, at in moments if at is not None]


def _payloads(entry: Entry, may_view: bool) -> Any:
    origins = tuple(path for path in refs.targets(entry.input_ref) if path != paths.ROOT)
    known = (
        ("output", "Output", entry.output, ()),
        ("input", "Input", entry.input, origins),
        ("suspendPayload", "Suspend payload", user_part(entry.suspend_payload), ()),
        ("resumePayload", "Answer", entry.resume_payload, ()),
        ("state", "State", entry.state, ()),
        ("metadata", "Metadata", entry.metadata, ()),
    )
    for name, title, value, where in known:
        if value is not None:
            yield payload(name, title, value, may_view=may_view, origins=where[:8])


#: What can be downloaded of an entry, by its name in the URL.
VALUES = {
    "input": lambda entry: entry.input,
    "output": lambda entry: entry.output,
    "suspendPayload": lambda entry: user_part(entry.suspend_payload),
    "resumePayload": lambda entry: entry.resume_payload,
    "state": lambda entry: entry.state,
    "metadata": lambda entry: entry.metadata,
}


def _tries(row: Row) -> list[Try]:
    first = max(row.tries - len(row.tried), 0) + 1
    return [
        Try(
            number,
            tried["endedAt"],
            tried["error"].get("message", ""),
            tried["error"].get("name", ""),
            tried.get("wakeAt"),
        )
        for number, tried in enumerate(row.tried, first)
    ]


def _strip(row: Row, rows: list[Row]) -> Strip | None:
    base = row.path.rpartition("[")[0] if row.is_item else row.path
    if row.kind != Kind.FOREACH and not row.is_item:
        return None
    items = [r for r in rows if r.is_item and r.path.rpartition("[")[0] == base]
    cells = [Cell(r.path, r.index or 0, r.shown_status) for r in items]
    cells.sort(key=lambda cell: (_URGENT.get(cell.status, 9), cell.index))
    counts = Counter(cell.status for cell in cells).most_common()
    return Strip(cells[:CELLS], max(len(cells) - CELLS, 0), counts)


def _turns(row: Row, rows: list[Row]) -> Turns | None:
    if row.iteration is None:
        return None
    key = row.path.rpartition("#")[0]
    turns = sorted(
        (r.iteration, r.path) for r in rows if r.iteration and r.path.rpartition("#")[0] == key
    )
    at = [path for _, path in turns].index(row.path)
    before = turns[at - 1][1] if at else None
    after = turns[at + 1][1] if at + 1 < len(turns) else None
    return Turns(row.iteration, turns[-1][0] or 0, before, after)
