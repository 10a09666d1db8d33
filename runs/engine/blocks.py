"""Blocks with many members: what parallel, branch and foreach come to from their members."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

from runs.engine import events
from runs.engine import path as paths
from runs.engine import transitions as move
from runs.engine.journal import GOING, Entry, Journal, Status
from runs.engine.outcomes import (
    CANCELED,
    OPEN,
    PAUSED,
    Bail,
    Canceled,
    Done,
    Failed,
    Fan,
    Found,
    Halted,
    Open,
    Paused,
    Scope,
    Threw,
)

Json = Any

# --- parallel and branch ---------------------------------------------------------------------


def settle_arms(found: list[tuple[str, Found]]) -> Found:
    """What a block of arms (step id, what it came to) comes to, once all are at rest."""
    results = [result for _, result in found]
    if any(isinstance(result, Open) for result in results):
        return OPEN
    for result in results:
        if isinstance(result, Failed):
            return result
    halted = [entry for result in results if isinstance(result, Halted) for entry in result.entries]
    if halted:
        return Halted(tuple(halted))
    if any(isinstance(result, Canceled) for result in results):
        return CANCELED
    if any(isinstance(result, Paused) for result in results):
        return PAUSED
    return _gather(found)


def _gather(found: list[tuple[str, Found]]) -> Done:
    """The arms' outputs by step id; what is carried on also has those of arms that bailed."""
    own: dict[str, tuple[Json, str]] = {}
    carried: dict[str, tuple[Json, str]] = {}
    order = 0
    for step_id, result in found:
        if isinstance(result, Done):
            order = max(order, result.order)
            if result.value is not None and result.ref is not None:
                own[step_id] = carried[step_id] = result.value, result.ref.partition(":")[2]
        elif isinstance(result, Bail):
            order = max(order, result.entry.ended)
            if result.entry.output is not None:
                carried[step_id] = result.entry.output, result.entry.path
    return Done(*_object(own), order, carry=_object(carried))


def _object(outputs: dict[str, tuple[Json, str]]) -> tuple[Json, str]:
    value = {step_id: output for step_id, (output, _) in outputs.items()}
    return value, "arms:" + "|".join(path for _, path in outputs.values())


# --- foreach ---------------------------------------------------------------------------------


def rebuild_fan(journal: Journal, entry: Entry, concurrency: int) -> Fan:
    """How far a foreach has come, found again in the journal."""
    items = entry.input if isinstance(entry.input, list) else []
    fan = Fan(items, concurrency)
    for index in range(len(items)):
        child = journal.get(paths.item(entry.path, index))
        if child is None or child.status is Status.PENDING:
            fan.todo.append(index)
        elif child.taken or child.status in (Status.SUCCESS, Status.SKIPPED):
            fan.done += child.ended > journal.execution.since
        elif child.status in _AT_REST:
            _rest(fan, index, child, stops=child.ended > journal.execution.since)
        else:
            fan.open[index] = None
    return fan


_AT_REST = frozenset({Status.SUSPENDED, Status.FAILED, Status.BAILED})


def _rest(fan: Fan, index: int, child: Entry, *, stops: bool) -> None:
    """An item is at rest without success; in this execution (``stops``) no further one starts."""
    if child.status is Status.SUSPENDED:
        fan.suspended.append(index)
    else:
        fan.broken.append(child)
        fan.done += stops
    fan.stopped = fan.stopped or stops


def advance_fan(
    journal: Journal,
    scope: Scope,
    entry: Entry,
    fan: Fan,
    visit: Callable[[int, Json], Found],
    now: int,
) -> Found:
    """Look after the open items, start new ones in order, and settle the foreach at the end."""
    look = partial(_look, journal, scope, entry, fan, visit=visit, now=now)
    for index in _by_end(journal, entry, fan):
        look(index)
        # Before the next one that ended is looked at: it may be one after which none starts.
        _start_items(journal, fan, look)
    _start_items(journal, fan, look)
    if fan.open:
        return OPEN
    return _settle_fan(journal, scope, entry, fan, now)


def _by_end(journal: Journal, entry: Entry, fan: Fan) -> list[int]:
    """The open items, those that have ended first, in that order."""
    found = {index: journal.get(paths.item(entry.path, index)) for index in fan.open}
    return sorted(fan.open, key=lambda i: _end_of(found[i]))


def _end_of(child: Entry | None) -> float:
    return inf if child is None or child.status in GOING else child.ended


def _start_items(journal: Journal, fan: Fan, look: Callable[[int], None]) -> None:
    while fan.todo and len(fan.open) < fan.concurrency and not (fan.stopped or journal.canceled):
        index = fan.todo.popleft()
        fan.open[index] = None
        look(index)


def _look(
    journal: Journal,
    scope: Scope,
    entry: Entry,
    fan: Fan,
    index: int,
    *,
    visit: Callable[[int, Json], Found],
    now: int,
) -> None:
    found = visit(index, fan.items[index])
    if isinstance(found, Open):
        return
    del fan.open[index]
    path = paths.item(entry.path, index)
    if isinstance(found, Canceled | Paused):
        fan.stopped = True
        if isinstance(found, Canceled):
            return
        fan.paused.append(journal.entries[path])
        fan.done += 1
    elif isinstance(found, Done):
        fan.done += 1
    else:
        _rest(fan, index, journal.entries[path], stops=True)
    if not scope.silent:
        own = {"completedCount": fan.done, "totalCount": len(fan.items), "currentIndex": index}
        journal.emit(events.STEP_PROGRESS, path, now, own | {"iterationStatus": _word(found)})


def _word(found: Found) -> str:
    """How progress names what an item came to; a bail or a pause is no success of the item."""
    if isinstance(found, Done):
        return "success"
    return "suspended" if isinstance(found, Halted) else "failed"


def _settle_fan(journal: Journal, scope: Scope, entry: Entry, fan: Fan, now: int) -> Found:
    failed = [child for child in fan.broken if child.status is Status.FAILED]
    if failed:
        worst = min(failed, key=lambda child: child.ended)
        threw = Threw(worst.error or {}, not worst.non_retryable, worst.tripwire)
        move.fail(journal, scope, entry, now, threw)
        return Failed(entry)
    if fan.broken:
        bailed = fan.broken[0]
        move.bail_foreach(journal, scope, entry, bailed, now)
        return Bail(entry)
    if journal.canceled:
        move.stop(journal, entry, _outputs_so_far(journal, entry, fan), now)
        return CANCELED
    if fan.paused:
        move.pause_foreach(journal, scope, entry, fan.paused[0], now)
        return PAUSED
    if fan.suspended:
        lowest = journal.entries[paths.item(entry.path, min(fan.suspended))]
        move.suspend(journal, scope, entry, lowest.suspend_payload, now)
        return Halted((entry,))
    ref = f"list:{len(fan.items)}:{entry.path}"
    outputs = _outputs(journal, entry, fan)
    move.finish(journal, scope, entry, Status.SUCCESS, now, output=outputs, ref=ref)
    return Done(outputs, f"out:{entry.path}", entry.ended)


def _outputs(journal: Journal, entry: Entry, fan: Fan) -> list[Json]:
    children = (journal.get(paths.item(entry.path, index)) for index in range(len(fan.items)))
    return [None if child is None else child.output for child in children]


def _outputs_so_far(journal: Journal, entry: Entry, fan: Fan) -> list[Json]:
    """The outputs up to the last item that has one."""
    outputs = _outputs(journal, entry, fan)
    while outputs and outputs[-1] is None:
        outputs.pop()
    return outputs
