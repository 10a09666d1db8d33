"""Entries in the shape Mastra shows them: one record per step id, camelCase.

A step used twice, a loop's iterations and a foreach's items have entries of their own in the
journal; a record shows the one that began last.
"""

from __future__ import annotations

from typing import Any

from runs.engine import events
from runs.engine import path as paths
from runs.engine.journal import Entry, Journal, Kind, Status
from runs.engine.transitions import META

Json = Any

_SHOWN = {Status.RESUMED: Status.RUNNING}


def record(journal: Journal, entry: Entry) -> dict[str, Json]:
    """The stored record of an entry, as in a run's ``steps``."""
    if _loop_was_canceled(journal, entry):
        return {"status": Status.CANCELED.value}
    shown = _foreach(journal, entry) if entry.kind is Kind.FOREACH else _plain(entry)
    if entry.status is Status.BAILED and ended_its_workflow(journal, entry):
        shown["status"] = Status.SUCCESS.value
    if is_rebuilt(journal, entry):
        shown.pop("metadata", None)
    return shown


def is_rebuilt(journal: Journal, entry: Entry) -> bool:
    """Whether time travel made its record anew: it lies before the target, in its workflow."""
    return entry.taken and not journal.entries[paths.above(entry.path)].taken


def steps(journal: Journal, scope: str = paths.ROOT) -> dict[str, dict[str, Json]]:
    """The records of one workflow's steps by id, in the order in which ids first began."""
    return {
        step_id: record(journal, journal.entries[path])
        for (where, step_id), path in journal.latest.items()
        if where == scope
    }


def of_event(event: events.Event, entry: Entry) -> dict[str, Json]:
    """The part of an event's payload that its entry shows."""
    if event.type == events.STEP_RESULT:
        if entry.kind is Kind.WAIT:
            return _fields(entry, "status", "output", "endedAt")
        if entry.kind is Kind.FOREACH:
            return _fields(entry, "status", "output", "error", "endedAt")
        return _plain(entry)
    shown = _fields(entry, "payload", "metadata")
    if event.type == events.STEP_START:
        return shown | {"startedAt": event.at, "status": "running"}
    if event.type == events.STEP_WAITING:
        return shown | {"startedAt": event.at, "status": "waiting"}
    if entry.kind is Kind.FOREACH:
        return {"status": "suspended"}
    return shown | {"status": "suspended"}


def _loop_was_canceled(journal: Journal, entry: Entry) -> bool:
    if entry.iteration is None:
        return False
    verdict = journal.get(paths.decision(entry.path))
    return verdict is not None and verdict.status is Status.CANCELED


def ended_its_workflow(journal: Journal, entry: Entry) -> bool:
    """Whether a bail was the end of its workflow; in a parallel or branch it is not."""
    workflow = journal.get(paths.above(entry.path))
    return workflow is not None and workflow.output_ref == f"out:{entry.path}"


def _plain(entry: Entry) -> dict[str, Json]:
    shown = _fields(entry, "status", "payload", "startedAt", "resumePayload", "resumedAt")
    if entry.status is Status.SUSPENDED:
        shown |= _fields(entry, "suspendPayload", "suspendOutput", "suspendedAt", "assignee")
    elif entry.status in (Status.SUCCESS, Status.BAILED, Status.CANCELED):
        shown |= _fields(entry, "output", "endedAt")
    elif entry.status is Status.FAILED:
        shown |= _fields(entry, "error", "endedAt", "tripwire")
        if entry.non_retryable:
            shown["nonRetryable"] = True
    return shown | _fields(entry, "metadata")


def _fields(entry: Entry, *names: str) -> dict[str, Json]:
    shown = {}
    for name in names:
        value = _READ[name](entry)
        if value is not None:
            shown[name] = value
    return shown


def _metadata(entry: Entry) -> Json:
    if entry.iteration is None:
        return entry.metadata
    return (entry.metadata or {}) | {"iterationCount": entry.iteration}


_READ: dict[str, Any] = {
    "status": lambda entry: _SHOWN.get(entry.status, entry.status).value,
    "payload": lambda entry: entry.input,
    "startedAt": lambda entry: entry.started_at,
    "resumePayload": lambda entry: None if entry.resumed_at is None else entry.resume_payload,
    "resumedAt": lambda entry: entry.resumed_at,
    "output": lambda entry: entry.output,
    "endedAt": lambda entry: entry.ended_at,
    "error": lambda entry: entry.error,
    "tripwire": lambda entry: entry.tripwire,
    "suspendPayload": lambda entry: entry.suspend_payload,
    "suspendOutput": lambda entry: entry.suspend_output,
    "suspendedAt": lambda entry: entry.suspended_at,
    "assignee": lambda entry: list(entry.assignees) or None,
    "metadata": _metadata,
}


# --- foreach ---------------------------------------------------------------------------------


def items(journal: Journal, entry: Entry) -> list[Entry]:
    """The entries of a foreach's items so far, by index."""
    found = []
    index = 0
    while (child := journal.get(paths.item(entry.path, index))) is not None:
        found.append(child)
        index += 1
    return found


def nested_runs(journal: Journal, entry: Entry) -> list[tuple[str, Entry]]:
    """The items of a foreach whose workflows count as runs, with the mark of their ids.

    Of a foreach that came through all items, as ``[0]`` and so on; of one that failed or paused
    the item that its record is of, without a mark.
    """
    children = items(journal, entry)
    marked = [(f"[{index}]", item) for index, item in enumerate(children)]
    if entry.status is Status.PAUSED:
        marked = [("", item) for item in children if item.status is Status.PAUSED][:1]
    elif entry.status in (Status.FAILED, Status.BAILED):
        broken = _broken(children)
        marked = [("", broken)] if broken else []
    elif entry.status is not Status.SUCCESS or is_rebuilt(journal, entry):
        return []
    return [(mark, item) for mark, item in marked if item.kind is Kind.WORKFLOW]


def _foreach(journal: Journal, entry: Entry) -> dict[str, Json]:
    children = items(journal, entry)
    if entry.status is Status.SUSPENDED:
        return _plain(entry) | {"suspendPayload": _suspend_payload(journal, entry, children)}
    if entry.status is Status.PAUSED and not entry.taken:
        return _plain(next(child for child in children if child.status is Status.PAUSED))
    broken = _broken(children)
    if entry.status in (Status.FAILED, Status.BAILED) and broken is not None:
        shown = _plain(broken)
        if broken.resuming:
            shown["payload"] = entry.input
        outputs = [_iteration(journal, entry, child) for child in children]
        meta = {META: {"foreachOutput": outputs, "resumeLabels": {}}}
        if entry.status is Status.FAILED:
            shown["suspendPayload"] = meta
        return shown
    return _plain(entry)


def _broken(children: list[Entry]) -> Entry | None:
    bad = [child for child in children if child.status in (Status.FAILED, Status.BAILED)]
    failed = [child for child in bad if child.status is Status.FAILED]
    return min(failed or bad, key=lambda child: child.ended, default=None)


def _suspend_payload(journal: Journal, entry: Entry, children: list[Entry]) -> dict[str, Json]:
    lowest = next((i for i, c in enumerate(children) if c.status is Status.SUSPENDED), None)
    labels = {
        label: {"stepId": entry.step_id, "foreachIndex": index}
        for index, child in enumerate(children)
        for label in child.labels
        if child.status is Status.SUSPENDED
    }
    payload = entry.suspend_payload if isinstance(entry.suspend_payload, dict) else {}
    meta = payload.get(META, {}) | {
        "foreachIndex": lowest,
        "foreachOutput": [_iteration(journal, entry, child) for child in children],
        "resumeLabels": labels,
    }
    return {**payload, META: meta}


def _iteration(journal: Journal, entry: Entry, child: Entry) -> dict[str, Json]:
    """An item beside a suspend payload; one that was resumed has the record of the foreach."""
    shown: dict[str, Json] = {"suspendPayload": {}} | _plain(child)
    if child.resuming:
        shown["payload"] = entry.input
    if child.kind is Kind.WORKFLOW:
        shown["metadata"] = {"nestedRunId": paths.nested_run_id(journal.run_id, child.path)}
    return shown
