"""How an entry moves: the only code that changes entries, and tells it in events.

    (absent) -> running -> success | failed | bailed
                        -> suspended -> resumed -> running -> ...
    (absent) -> waiting -> success

A settled entry never moves again. A started entry that lost its worker begins again.
"""

from __future__ import annotations

from typing import Any

from runs.engine import events
from runs.engine import path as paths
from runs.engine.journal import TRIES_KEPT, Entry, Journal, Kind, Status
from runs.engine.outcomes import (
    Answer,
    Bail,
    Bailed,
    Canceled,
    Done,
    Failed,
    Found,
    Halted,
    Paused,
    Scope,
    Succeeded,
    Suspended,
    Threw,
)
from runs.engine.retry import RetryPolicy

Json = Any
META = "__workflow_meta"


# --- beginning -------------------------------------------------------------------------------


def begin(journal: Journal, scope: Scope, entry: Entry, now: int) -> Entry:
    """Take up a new entry as begun now. What an earlier resume of its id left stays visible."""
    announced = journal.get(entry.path)
    if announced is not None:
        entry.suspend_payload = announced.suspend_payload
    before = _shown_before(journal, scope, entry)
    if before is not None:
        entry.resume_payload, entry.resumed_at = before.resume_payload, before.resumed_at
    entry.started_at = now
    journal.add(entry)
    if entry.kind is Kind.WAIT:
        _tell(journal, scope, entry, events.STEP_WAITING, now)
    else:
        _tell_start(journal, scope, entry, now)
    return entry


def _shown_before(journal: Journal, scope: Scope, entry: Entry) -> Entry | None:
    """Whose resume shows in the record of an entry that begins: of an item, its foreach's."""
    if not entry.is_item:
        return journal.latest_of(scope.path, entry.step_id)
    foreach = journal.get(paths.above(entry.path))
    return foreach if foreach is not None and foreach.resuming else None


def begin_again(journal: Journal, scope: Scope, entry: Entry, now: int) -> None:
    """Begin anew what was going on when its worker died; resume data given to it stays its own."""
    entry.status = Status.RUNNING
    entry.starts += 1
    if not entry.resuming:
        entry.started_at = now
    journal.touch(entry)
    _tell_start(journal, scope, entry, now)


def resume(
    journal: Journal, entry: Entry, data: Json, now: int, *, fresh: bool, silent: bool
) -> None:
    """Let a suspended entry go on with ``data``; ``fresh`` records it as begun for the first time.

    The suspend payload stays in the entry: the body is given it once more as suspend data. The body
    gets the data in any case; without a time of the resume beside it, no record shows it.
    """
    entry.status = Status.RESUMED
    entry.labels = entry.assignees = ()
    # A workflow counts as resumed with or without data: that decides about its retries.
    entry.resuming = data is not None or entry.kind is Kind.WORKFLOW
    if entry.kind is Kind.STEP:
        # Its tries begin anew. Those of a workflow are in the paths of what is in it.
        entry.tries = 0
    if data is not None:
        entry.resume_payload, entry.resumed_at = data, None if fresh else now
    if fresh:
        entry.started_at = now
    journal.touch(entry)
    if not silent:
        tell_resumed(journal, entry, now)


def tell_resumed(journal: Journal, entry: Entry, now: int) -> None:
    if not entry.is_item:
        journal.emit(events.STEP_START, entry.path, now, _start_fields(entry))


# --- ending ----------------------------------------------------------------------------------


def answer(
    journal: Journal, scope: Scope, entry: Entry, given: Answer, now: int, policy: RetryPolicy
) -> None:
    """Record what came of running a step's body."""
    match given:
        case Succeeded(output):
            finish(journal, scope, entry, Status.SUCCESS, now, output=output)
        case Bailed(value):
            finish(journal, scope, entry, Status.BAILED, now, output=value)
        case Suspended(payload, output, labels, assignees):
            entry.suspend_output, entry.labels, entry.assignees = output, labels, assignees
            suspend(journal, scope, entry, payload, now)
        case Threw():
            _threw(journal, scope, entry, given, now, policy)


def _threw(
    journal: Journal, scope: Scope, entry: Entry, threw: Threw, now: int, policy: RetryPolicy
) -> None:
    again = tries_again(journal, entry, threw.retryable, now, policy)
    _remember_try(entry, threw, now)
    if again:
        entry.error = threw.error
        return
    fail(journal, scope, entry, now, threw)


def _remember_try(entry: Entry, threw: Threw, now: int) -> None:
    """Only the last try's error is the entry's; people want to see the others as well."""
    own = {"endedAt": now, "error": threw.error} | _present("wakeAt", entry.wake_at)
    entry.tried = (*entry.tried, own)[-TRIES_KEPT:]


def tries_again(
    journal: Journal, entry: Entry, retryable: bool, now: int, policy: RetryPolicy
) -> bool:
    """Count a failed try; if another one is due, note when (``wake_at``) and return True."""
    entry.tries += 1
    journal.touch(entry)
    delay = policy.delay_after(entry.tries) if retryable else None
    if delay and journal.canceled:
        delay = None
    entry.wake_at = None if delay is None else now + round(delay * 1000)
    return delay is not None


def fail(journal: Journal, scope: Scope, entry: Entry, now: int, threw: Threw) -> None:
    entry.error, entry.tripwire = threw.error, threw.tripwire
    entry.non_retryable = not threw.retryable and threw.tripwire is None
    finish(journal, scope, entry, Status.FAILED, now)


def finish(
    journal: Journal,
    scope: Scope,
    entry: Entry,
    status: Status,
    now: int,
    *,
    output: Json = None,
    ref: str | None = None,
    own: dict[str, Json] | None = None,
) -> None:
    """Settle an entry; ``ref`` names where its output is stored when that is not here."""
    entry.status, entry.ended_at, entry.wake_at = status, now, None
    entry.output, entry.output_ref = output, ref
    entry.ended = journal.next_order()
    journal.touch(entry)
    if entry.kind is Kind.DECISION:
        return
    _tell(journal, scope, entry, events.STEP_RESULT, now, own)


def bail_foreach(journal: Journal, scope: Scope, entry: Entry, item: Entry, now: int) -> None:
    """End a foreach with the bail of one of its items; the event shows that item's record."""
    own = {"payload": item.input, "startedAt": item.started_at, "endedAt": item.ended_at}
    if item.resuming:
        # As in Mastra the record of an item that was resumed is that of the whole foreach.
        own |= {"payload": entry.input, "resumePayload": item.resume_payload}
        own |= {"resumedAt": item.resumed_at}
    ref = f"out:{item.path}"
    finish(journal, scope, entry, Status.BAILED, now, output=item.output, ref=ref, own=own)


def stop(journal: Journal, entry: Entry, output: Json, now: int) -> None:
    """End an entry because the run is canceled; only the run itself tells of that."""
    entry.status, entry.ended_at, entry.output = Status.CANCELED, now, output
    entry.ended = journal.next_order()
    journal.touch(entry)


def suspend(journal: Journal, scope: Scope, entry: Entry, payload: Json, now: int) -> None:
    entry.status, entry.suspended_at, entry.suspend_payload = Status.SUSPENDED, now, payload
    entry.ended = journal.next_order()
    journal.touch(entry)
    _tell(journal, scope, entry, events.STEP_SUSPENDED, now, _suspended_fields(entry))


def close_workflow(journal: Journal, scope: Scope, entry: Entry, found: Found, now: int) -> None:
    """Record what a nested workflow's flow came to as the outcome of the step it is."""
    match found:
        case Done(value, ref):
            finish(journal, scope, entry, Status.SUCCESS, now, output=value, ref=ref)
        case Bail(bailed):
            ref = f"out:{bailed.path}"
            finish(journal, scope, entry, Status.SUCCESS, now, output=bailed.output, ref=ref)
        case Failed(failed):
            threw = Threw(failed.error or {}, not failed.non_retryable, failed.tripwire)
            fail(journal, scope, entry, now, threw)
        case Halted(entries):
            if journal.canceled:
                _tell(journal, scope, entry, events.CANCELED, now)
            suspend(journal, scope, entry, _payload_of(journal, entry, entries), now)
        case Canceled():
            entry.was_canceled = True
            _tell(journal, scope, entry, events.CANCELED, now)
            if journal.execution.steps_once:
                pause(journal, scope, entry, now)
            else:
                finish(journal, scope, entry, Status.SUCCESS, now)
        case Paused():
            _tell(journal, scope, entry, events.PAUSED, now)
            pause(journal, scope, entry, now)


def _payload_of(journal: Journal, entry: Entry, halted: tuple[Entry, ...]) -> dict[str, Json]:
    """What a nested workflow shows of its suspended steps: the last one's payload, and its path.

    What it showed before is shown again while it waits; another one would hide what people know.
    """
    shown = path_below(entry)[:1]
    last = next((one for one in halted if [one.step_id] == shown), halted[-1])
    payload = _object(user_part(last.suspend_payload))
    run_id = paths.run_id_at(journal.run_id, entry.path)
    return payload | {META: {"runId": run_id, "path": [last.step_id, *path_below(last)]}}


def path_below(entry: Entry) -> list[str]:
    """The ids from below a suspended entry down to the step that waits."""
    found: list[str] = _object(_object(entry.suspend_payload).get(META)).get("path", [])
    return found


def pause_foreach(journal: Journal, scope: Scope, entry: Entry, item: Entry, now: int) -> None:
    """End a foreach whose item has executed one of its entries; the event shows that item."""
    own = {
        "payload": item.input,
        "startedAt": item.started_at,
        "metadata": {"nestedRunId": paths.nested_run_id(journal.run_id, item.path)},
    }
    pause(journal, scope, entry, now, own)


def pause(
    journal: Journal, scope: Scope, entry: Entry, now: int, own: dict[str, Json] | None = None
) -> None:
    entry.status = Status.PAUSED
    entry.ended = journal.next_order()
    journal.touch(entry)
    _tell(journal, scope, entry, events.STEP_RESULT, now, own)


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def merge_state(journal: Journal, scope: Scope, patch: dict[str, Json]) -> None:
    """Merge a step's state into that of its workflow: keys left out of it stay."""
    if scope.entry.state is None:
        scope.entry.state = {}
    scope.entry.state.update(patch)
    scope.entry.patched = tuple(dict.fromkeys((*scope.entry.patched, *patch)))
    journal.touch(scope.entry)


def hand_up_state(journal: Journal, scope: Scope, entry: Entry) -> None:
    """Merge what a nested workflow set into its parent's state, and nothing that it only read."""
    if entry.patched:
        merge_state(journal, scope, {key: (entry.state or {})[key] for key in entry.patched})


def user_part(payload: Json) -> Json:
    """A suspend payload without the engine's own member."""
    if isinstance(payload, dict) and META in payload:
        return {key: value for key, value in payload.items() if key != META}
    return payload


# --- telling ---------------------------------------------------------------------------------


def _tell(
    journal: Journal,
    scope: Scope,
    entry: Entry,
    type_: str,
    now: int,
    own: dict[str, Json] | None = None,
) -> None:
    if not scope.silent and not entry.is_item:
        journal.emit(type_, entry.path, now, own)


def _tell_start(journal: Journal, scope: Scope, entry: Entry, now: int) -> None:
    own = _start_fields(entry) if entry.resumed_at is not None else None
    _tell(journal, scope, entry, events.STEP_START, now, own)


def _start_fields(entry: Entry) -> dict[str, Json]:
    """What a start event shows that the entry may not show for ever."""
    own: dict[str, Json] = {"startedAt": entry.started_at}
    if entry.resumed_at is not None:
        own |= {"resumePayload": entry.resume_payload, "resumedAt": entry.resumed_at}
    return own


def _suspended_fields(entry: Entry) -> dict[str, Json]:
    own: dict[str, Json] = {"suspendedAt": entry.suspended_at}
    if entry.kind is Kind.FOREACH:
        return own | _present("suspendPayload", entry.suspend_payload)
    own |= _start_fields(entry)
    own |= _present("suspendPayload", entry.suspend_payload)
    return own | _present("suspendOutput", entry.suspend_output)


def _present(name: str, value: Json) -> dict[str, Json]:
    return {} if value is None else {name: value}


def scope_id(scope: Scope) -> str:
    """The workflow's id as events show it: dotted, empty for the root."""
    return paths.dotted(scope.path)
