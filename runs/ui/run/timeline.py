"""The timeline of an attempt: a row for each place in the flow, with bars for what went on there.

Full bars are work, hollow ones are waits: for an answer, for a timer, for the next try. Turns of a
loop and items of a foreach share the row of their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from runs import shown
from runs.engine.journal import Kind, Status
from runs.ui.graph import graph_path
from runs.ui.run.rows import Row, began_at, root_of, steps_of
from runs.ui.run.timescale import Timescale, timescale

#: Rows that are drawn at once, from the head and from the tail of a long run.
HEAD_ROWS, TAIL_ROWS = 120, 180
#: Bars of one row: a foreach of a thousand items needs no thousand of them.
ROW_BARS = 150
#: The narrowest bar, in percent, so that a millisecond can be seen.
NARROWEST = 0.35
TICKS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time, in percent of the axis. ``form``: work, wait, frame or failed."""

    left: float
    width: float
    form: str
    status: str
    says: str
    grows: bool = False


@dataclass(frozen=True, slots=True)
class TimelineRow:
    path: str
    name: str
    kind: str
    status: str
    depth: int
    took: str
    note: str
    bars: list[Bar]
    #: When what goes on now began, for a text that ticks; None when it has ended.
    since: int | None


@dataclass(frozen=True, slots=True)
class Fold:
    left: float
    width: float
    says: str


@dataclass(frozen=True, slots=True)
class Timeline:
    rows: list[TimelineRow]
    hidden: int
    ticks: list[tuple[float, str]]
    folds: list[Fold]
    #: The length of the axis in ms, and the part of it that grows while time passes.
    span: int
    growing: bool


@dataclass(slots=True)
class _Stretch:
    start: int
    end: int
    form: str
    says: str
    open: bool = False


@dataclass(slots=True)
class _Group:
    """The rows of one place in one scope: turns of a loop, or an entry by itself."""

    rows: list[Row] = field(default_factory=list)

    @property
    def last(self) -> Row:
        return self.rows[-1]


def timeline(
    rows: list[Row], now: int, *, attempt: int = 1, every_row: bool = False
) -> Timeline | None:
    """The timeline of an attempt as it is at ``now``; None while nothing has begun."""
    root = root_of(rows)
    if root is None:
        return None
    steps = [row for row in steps_of(rows) if row.started_at is not None and not row.taken]
    stretches = {row.path: _stretches(row, now) for row in steps}
    work = [(s.start, s.end) for row in steps for s in stretches[row.path] if _is_work(row, s)]
    began = began_at(rows, attempt) or now
    scale = timescale(work, *_ends(root, began, steps, stretches, now))
    groups = _groups(steps)
    kept, hidden = (groups, 0) if every_row else _limited(groups)
    items = _items(steps)
    return Timeline(
        rows=[_row(group, items, stretches, scale, now) for group in kept],
        hidden=hidden,
        ticks=[(_percent(at), _tick(moment - scale.start)) for at, moment in scale.ticks(TICKS)],
        folds=[_fold(piece) for piece in scale.folds],
        span=scale.end - scale.start,
        growing=scale.grows > 0 and any(s.open for found in stretches.values() for s in found),
    )


def _ends(
    root: Row, began: int, steps: list[Row], stretches: dict[str, list[_Stretch]], now: int
) -> tuple[int, int]:
    moments = [s.end for found in stretches.values() for s in found]
    own = (row for row in steps if row.kept_from is None)
    starts = [row.started_at for row in own if row.started_at is not None]
    start = min([began, *starts])
    over = root.status not in (Status.RUNNING, Status.WAITING, Status.SUSPENDED, Status.PENDING)
    return start, max(moments, default=now) if over else max([now, *moments])


def _is_work(row: Row, stretch: _Stretch) -> bool:
    return stretch.form in ("work", "failed") and not row.is_container


# --- what went on in an entry ------------------------------------------------------------------


def _stretches(row: Row, now: int) -> list[_Stretch]:
    start = row.started_at or now
    end = row.ends_at or now
    is_open = row.ends_at is None and not row.was_stopped
    if row.was_stopped:
        end = row.ended_at or row.started_at or now
    if row.kind == Kind.WAIT:
        return [_Stretch(start, end, "wait", "sleeps", is_open)]
    if row.is_container:
        return [_Stretch(start, end, "frame", row.kind, is_open)]
    found = list(_tries(row, start))
    start = found[-1].end if found else start
    if row.status == Status.FAILED and found:
        return found
    if row.is_going and row.wake_at is not None:
        return found
    found += _body(row, start, end, is_open)
    return found


def _tries(row: Row, start: int) -> Iterable[_Stretch]:
    for number, tried in enumerate(row.tried, max(row.tries - len(row.tried), 0) + 1):
        says = f"try {number}: {tried['error'].get('message', '')}"
        yield _Stretch(start, tried["endedAt"], "failed", says)
        start = tried["endedAt"]
        if wakes := tried.get("wakeAt"):
            if wakes > start:
                yield _Stretch(start, wakes, "wait", "waits for the next try")
            start = wakes


def _body(row: Row, start: int, end: int, is_open: bool) -> list[_Stretch]:
    suspended, resumed = row.suspended_at, row.resumed_at
    if suspended is None or suspended < start:
        return [_Stretch(start, end, "work", "works", is_open)]
    found = [_Stretch(start, suspended, "work", "asked")]
    if row.status == Status.SUSPENDED:
        return [*found, _Stretch(suspended, end, "wait", "waits for an answer", is_open)]
    until = resumed if resumed is not None and resumed >= suspended else end
    found.append(_Stretch(suspended, until, "wait", "waited for an answer"))
    return [*found, _Stretch(until, end, "work", "went on", is_open)]


# --- rows --------------------------------------------------------------------------------------


def _groups(steps: list[Row]) -> list[_Group]:
    """Turns of a loop together; items of a foreach and what is in them left to their foreach."""
    found: dict[str, _Group] = {}
    for row in steps:
        if "[" not in row.path:
            last = row.path.rpartition("/")[2]
            key = f"{row.scope}/{graph_path(last)}"
            found.setdefault(key, _Group()).rows.append(row)
    return _nested_in_order(list(found.values()))


def _nested_in_order(groups: list[_Group]) -> list[_Group]:
    """What is inside a nested workflow right below it, each in the order of beginning."""
    inside: dict[str, list[_Group]] = {}
    own = {row.path for group in groups for row in group.rows}
    for group in groups:
        scope = group.rows[0].scope
        above = scope if scope in own else scope.rpartition("!")[0]
        inside.setdefault(above if above in own else "", []).append(group)
    found: list[_Group] = []

    def walk(above: str) -> None:
        for group in inside.get(above, ()):
            found.append(group)
            for row in group.rows:
                walk(row.path)

    walk("")
    return found


def _limited(groups: list[_Group]) -> tuple[list[_Group], int]:
    hidden = len(groups) - HEAD_ROWS - TAIL_ROWS
    if hidden <= 0:
        return groups, 0
    return groups[:HEAD_ROWS] + groups[-TAIL_ROWS:], hidden


def _items(steps: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in steps:
        if row.is_item:
            found.setdefault(row.path.rpartition("[")[0], []).append(row)
    return found


def _row(
    group: _Group,
    items: dict[str, list[Row]],
    stretches: dict[str, list[_Stretch]],
    scale: Timescale,
    now: int,
) -> TimelineRow:
    last = group.last
    within = items.get(last.path, [])
    bars = [_bar(row, s, scale) for row in group.rows for s in stretches[row.path]]
    bars += [_bar(row, s, scale) for row in within for s in stretches[row.path]]
    return TimelineRow(
        path=last.path,
        name=last.step_id,
        kind="loop" if last.iteration is not None else last.kind,
        status=last.shown_status,
        depth=min(last.depth, 6),
        took=took(last, now),
        note=_note(group, within),
        bars=bars if len(bars) <= ROW_BARS else [bars[0], *_merged(bars[1:])],
        since=last.started_at if last.ends_at is None and not last.was_stopped else None,
    )


def _note(group: _Group, items: list[Row]) -> str:
    last = group.last
    if last.kind == Kind.FOREACH:
        done = sum(1 for row in items if row.status in (Status.SUCCESS, Status.BAILED))
        return f"{done} of {len(items)}"
    if last.iteration is not None:
        return f"turn {last.iteration}"
    if last.tries and last.kind == Kind.STEP:
        count = last.tries + (0 if last.status == Status.FAILED else 1)
        return f"{count} tries" if count > 1 else ""
    return ""


def took(row: Row, now: int) -> str:
    """How long it took, or has taken so far."""
    if row.started_at is None or row.was_stopped:
        return "\u2013"
    return shown.duration(max((row.ends_at or now) - row.started_at, 0) / 1000)


def _bar(row: Row, stretch: _Stretch, scale: Timescale) -> Bar:
    left, right = scale.at(stretch.start), scale.at(stretch.end)
    length = shown.duration(max(stretch.end - stretch.start, 0) / 1000)
    status = "failed" if stretch.form == "failed" else row.shown_status
    return Bar(
        left=min(_percent(left), 100 - NARROWEST),
        width=max(_percent(right - left), NARROWEST),
        form="work" if stretch.form == "failed" else stretch.form,
        status=status,
        says=f"{row.path}: {stretch.says}, {length}",
        grows=stretch.open,
    )


def _merged(bars: list[Bar]) -> list[Bar]:
    """Bars of many items or turns as stretches in which such work went on, failures on top."""
    found: dict[tuple[str, str], list[list[Bar]]] = {}
    for bar in sorted(bars, key=lambda bar: bar.left):
        heaps = found.setdefault((bar.status, bar.form), [])
        if heaps and bar.left <= max(one.left + one.width for one in heaps[-1]) + NARROWEST:
            heaps[-1].append(bar)
        else:
            heaps.append([bar])
    order = sorted(found, key=lambda kind: kind[0] not in ("success", "skipped"))
    return [_together(heap) for kind in order for heap in found[kind]]


def _together(bars: list[Bar]) -> Bar:
    if len(bars) == 1:
        return bars[0]
    right = max(bar.left + bar.width for bar in bars)
    return replace(
        bars[0],
        width=round(right - bars[0].left, 3),
        says=f"{len(bars)} together: {bars[0].status}",
        grows=any(bar.grows for bar in bars),
    )


def _fold(piece: Any) -> Fold:
    says = shown.duration((piece.end - piece.start) / 1000)
    return Fold(_percent(piece.left), _percent(piece.right - piece.left), says)


def _percent(part: float) -> float:
    return round(part * 100, 3)


def _tick(milliseconds: int) -> str:
    return "0" if milliseconds <= 0 else f"+{shown.duration(milliseconds / 1000)}"
