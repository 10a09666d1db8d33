"""What is true of a run after each call, whatever was called and wherever the process died."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from runs import operations
from runs.engine import events
from runs.engine.advance import Interpreter
from runs.engine.journal import ACTIVE, FINAL, Entry, Journal, Kind, Status
from runs.engine.outcomes import Bail, Canceled, Done, Failed, Halted
from runs.exceptions import Conflict, InvalidTarget
from runs.models import Run, RunEvent, StepSnapshot
from runs.store import history, journals
from runs.worker.clock import clock

from .life import RUN_ID, Call, Life

Json = Any
_OUTCOMES = {Done: "success", Bail: "success", Halted: "suspended", Canceled: "canceled"}


@dataclass
class Memory:
    """What earlier looks at a run saw, and later ones must not contradict."""

    journal: Journal
    rows: dict[int, list[Json]] = field(default_factory=dict)
    #: What the last call of each attempt returned, by attempt.
    outcomes: dict[int, Json] = field(default_factory=dict)
    told: int = 0


def remember(life: Life) -> Memory:
    return Memory(journals.load(life.row()))


def check(life: Life, call: Call, before: Memory) -> Memory:
    """Hold every invariant against the run after a call; return what the next check needs."""
    row = life.row()
    after = Memory(journals.load(row), outcomes=dict(before.outcomes))
    if call.refused is not None:
        assert isinstance(call.refused, Conflict | InvalidTarget), call.refused
    events_are_numbered_without_gaps(row)
    nothing_follows_an_end(row)
    what_succeeded_did_not_run_again(call, before.journal, after.journal)
    the_status_is_that_of_the_journal(life, row, call, after.journal)
    a_replay_is_what_was_live(life, row)
    a_stream_is_a_part_of_the_replay(life, call, before)
    the_run_can_be_read(life, row, call)
    nobody_holds_the_run(row, call)
    older_attempts_stay(row, before, after)
    outcomes_stay(row, call, after)
    after.told = len(life.live)
    return after


# --- events ----------------------------------------------------------------------------------


def events_are_numbered_without_gaps(row: Run) -> None:
    numbers = list(row.events.values_list("seq", flat=True))
    assert numbers == list(range(len(numbers)))


def nothing_follows_an_end(row: Run) -> None:
    """After the finish of an attempt only a new execution, or the cancel of one at rest, begins."""
    for attempt in row.attempts:
        ended: str | None = None
        for event in attempt.events:
            if ended is not None:
                assert ended not in FINAL, f"{event} follows the end ({ended})"
                assert event.type in (events.START, events.CANCELED), f"{event} follows {ended}"
            ended = event.own["workflowStatus"] if event.type == events.FINISH else None


def replay(row: Run) -> list[Json]:
    """All events as they are read from the tables; unlike ``observe`` it waits for nothing."""
    found: list[Json] = []
    while batch := history.read(row.pk, row.run_id, len(found)):
        found += [told.event for told in batch]
    return found


def a_replay_is_what_was_live(life: Life, row: Run) -> None:
    replayed = replay(row)
    assert [number for number, _ in life.live] == list(range(len(replayed)))
    assert [event for _, event in life.live] == replayed
    if row.status not in ACTIVE and not row.lease_owner:
        assert list(row.observe()) == replayed


def a_stream_is_a_part_of_the_replay(life: Life, call: Call, before: Memory) -> None:
    if call.streamed is None or call.refused is not None:
        return
    new = [event for _, event in life.live[before.told :]]
    assert call.streamed == (new[: len(call.streamed)] if call.died else new)


# --- what was done ---------------------------------------------------------------------------


def what_succeeded_did_not_run_again(call: Call, before: Journal, after: Journal) -> None:
    same_attempt = before.attempt == after.attempt
    for path, times in Counter(call.executed).items():
        entry, earlier = after.entries[path], before.get(path) if same_attempt else None
        assert not entry.taken, f"{path} was kept, and ran"
        assert earlier is None or earlier.status is not Status.SUCCESS, f"{path} ran again"
        tries = entry.tries - (earlier.tries if earlier else 0)
        assert times <= tries + 1, f"{path} ran {times} times in {tries} failed tries"


def older_attempts_stay(row: Run, before: Memory, after: Memory) -> None:
    for attempt in row.attempts:
        snapshots = StepSnapshot.objects.filter(run=row, attempt=attempt.number)
        told = RunEvent.objects.filter(run=row, attempt=attempt.number)
        after.rows[attempt.number] = [*snapshots.order_by("pk").values(), *told.values()]
    for number, rows in before.rows.items():
        if number < row.attempt:
            assert after.rows[number] == rows


def the_plan_was_followed(
    plan: operations.TravelPlan, call: Call, before: Journal, after: Journal
) -> None:
    """What was planned to be kept did not run, and of what had been recorded only what was said."""
    assert call.refused is None
    assert plan.attempt == after.attempt
    executed = set(call.executed)
    assert not executed & set(plan.kept)
    assert executed & before.entries.keys() <= set(plan.again)
    is_first = not any(entry.taken for entry in before.entries.values())
    if is_first and before.status == after.status == Status.SUCCESS and not call.died:
        bodies = {p for p in plan.again if p in before.entries and is_body(before.entries[p])}
        assert bodies <= executed, "the same way was taken"


def is_body(entry: Entry) -> bool:
    return entry.kind is Kind.STEP and entry.step_id.startswith("s")


# --- how the run stands ----------------------------------------------------------------------


def the_status_is_that_of_the_journal(life: Life, row: Run, call: Call, journal: Journal) -> None:
    if not journal.entries:
        assert row.status in (Status.PENDING, Status.CANCELED)
        return
    assert row.status == (call.result.status if call.result else row.status)
    if row.status in ACTIVE or (row.lease_owner and row.status == Status.CANCELED):
        assert journal.root.status is Status.RUNNING
        return
    assert row.status == journal.root.status
    journal.canceled = row.status == Status.CANCELED
    found = Interpreter(life.workflow, journal).advance(clock().now()).outcome
    told = "tripwire" if isinstance(found, Failed) and found.entry.tripwire else "failed"
    assert row.status == _OUTCOMES.get(type(found), told)
    if not journal.canceled:
        assert journal.take_changes() == ([], []), "a turn without an answer changes nothing"


def the_run_can_be_read(life: Life, row: Run, call: Call) -> None:
    shown = operations.get_workflow_run_by_id(life.workflow, RUN_ID)
    snapshot = operations.load_snapshot(life.workflow, RUN_ID)
    listed = operations.list_workflow_runs(life.workflow)
    assert shown is not None
    assert snapshot is not None
    assert (shown["status"], snapshot["status"], listed["total"]) == (row.status, row.status, 1)
    flat = operations.get_workflow_run_by_id(life.workflow, RUN_ID, with_nested_workflows=False)
    assert flat is not None


def nobody_holds_the_run(row: Run, call: Call) -> None:
    if call.died:
        assert Run.objects.due(row.created_at).filter(pk=row.pk).exists(), "nobody would take it up"
    elif row.status not in ACTIVE and call.refused is None:
        assert (row.lease_owner, row.due_at) == ("", None)


def outcomes_stay(row: Run, call: Call, after: Memory) -> None:
    """What a call returned is what its attempt shows for good."""
    if call.result is not None and call.method not in ("restart", "cancel"):
        after.outcomes[row.attempt] = call.result.to_wire()
    elif call.refused is None:
        after.outcomes.pop(row.attempt, None)
    for attempt in row.attempts:
        outcome = attempt.outcome().to_wire()
        expected = after.outcomes.get(attempt.number, outcome)
        if attempt.number < row.attempt:  # an older attempt lists its own steps only
            outcome, expected = _without_path(outcome), _without_path(expected)
        assert outcome == expected


def _without_path(wire: Json) -> Json:
    """A result without the path of execution, and the payloads left out along it."""
    steps = {step_id: dict(record) for step_id, record in wire["steps"].items() if record}
    for record in steps.values():
        record.pop("payload", None)
    return {**wire, "steps": steps, "stepExecutionPath": None}
