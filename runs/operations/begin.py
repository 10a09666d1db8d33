"""Making a run go: each function checks, edits the journal and stores that, in one transaction.

The run's row is locked from the first look to the commit, so of two callers one finds it changed.
What is begun is either held at once by this process (inline) or left due for the workers, with a
ticket sent after the commit: inside a transaction of the caller's, all of it commits with the
caller's rows or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from runs.conf import conf
from runs.definition import registry
from runs.definition.misfit import SchemaError
from runs.definition.schema import Schema
from runs.definition.workflow import Workflow
from runs.engine import edits
from runs.engine.events import Event
from runs.engine.journal import ACTIVE, FINAL, Execution, Journal, Status
from runs.exceptions import (
    AlreadyResumed,
    InvalidInput,
    InvalidRequestContext,
    RunAlreadyStarted,
    RunNotActive,
    RunNotFound,
    RunNotSuspended,
    RunsError,
    RunStillRunning,
)
from runs.models import Run
from runs.models.fields import from_ms, to_ms
from runs.operations import assigned, keys
from runs.operations.acting import acting_user, current_actor, note
from runs.operations.arguments import argument
from runs.store import journals, lease, ledger
from runs.store import row as stored_row
from runs.store.ledger import Write
from runs.worker import feed, local
from runs.worker.clock import clock
from runs.worker.session import Session

Json = Any


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that was made to go: the session if this process drives it, and what it told so far."""

    run: Run
    session: Session | None
    offset: int
    told: Sequence[Event]

    def announce(self) -> None:
        """Tell those who watch this process's runs how it began: now that it is stored."""
        if self.session is not None:
            feed.publish(self.run.pk, self.run.run_id, self.session.journal, self.told)


def is_inline(run: Run) -> bool:
    return (run.execution_mode or conf.EXECUTION) == "inline"


def workflow_of(run: Run) -> Workflow:
    """The definition of the run's workflow; raises WorkflowNotFound."""
    return run.__dict__.get("_workflow") or registry.get_workflow(run.workflow_id)


# --- start -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartInput:
    """What a run starts with, validated."""

    input_data: Json
    state: dict[str, Json]
    request_context: dict[str, Json]


def check_start(
    workflow: Workflow, input_data: Json, initial_state: Json, request_context: Json
) -> StartInput:
    """Validate the arguments of a start, in Mastra's order; what fits replaces what was given."""
    input_data = argument(input_data, "The input")
    initial_state = argument(initial_state, "The initial state")
    context = argument(dict(request_context or {}), "The request context")
    if workflow.validate_inputs is False:
        return StartInput(input_data, dict(initial_state or {}), context)
    data = _fitting(workflow.input_schema, input_data, "Invalid input data: ")
    state = _fitting(workflow.state_schema, dict(initial_state or {}), "Invalid initial data: ")
    schema = workflow.request_context_schema
    if schema is not None:
        try:
            schema.validate(context)
        except SchemaError as error:
            head = f"Request context validation failed for workflow '{workflow.id}': "
            raise InvalidRequestContext("\n".join([head, *error.lines()])) from None
    return StartInput(data, state, context)


def _fitting(schema: Schema | None, value: Json, head: str) -> Json:
    if schema is None:
        return value
    try:
        return schema.validate(value)
    except SchemaError as error:
        raise InvalidInput("\n".join([head, *error.lines()])) from None


def start(run: Run, given: StartInput, *, per_step: bool = False, key: str | None = None) -> Begun:
    """Start a pending run, or a finished one again as a new attempt; under a key only once."""
    if key is None:
        return _start(run, given, per_step)
    keys.check(key)
    with transaction.atomic():
        row = row_of(run, lock=True)
        offset = keys.first_event(row, key, given.input_data)
        if offset is not None:
            return Begun(run, None, offset, ())
        begun = _start(run, given, per_step)
        keys.note_start(row, key, run.attempt)
    return begun


def _start(run: Run, given: StartInput, per_step: bool) -> Begun:
    if run.status == Status.PENDING:
        begun = _started_at_once(run, given, per_step)
        if begun is not None:
            return begun

    def edit(row: Run, journal: Journal) -> Journal:
        if row.status not in (Status.PENDING, Status.PAUSED, *FINAL):
            raise RunAlreadyStarted(
                f'Workflow run {row.run_id} was already started and is "{row.status}"'
            )
        if row.status != Status.PENDING and journal.entries:
            journal = Journal(
                journal.workflow_id, journal.run_id, journal.resource_id, journal.attempt + 1
            )
            journal.canceled = row.canceled_at is not None
        journal.request_context = given.request_context
        edits.start(journal, given.input_data, given.state, clock().now(), per_step=per_step)
        return journal

    return begin(run, edit, "start")


def _started_at_once(run: Run, given: StartInput, per_step: bool) -> Begun | None:
    """Start a run as the caller's object shows it, without reading its row; None if it has moved.

    Whatever happens to a pending run raises its fencing number, so the write finds that out.
    """
    journal = Journal(run.workflow_id, run.run_id, run.resource_id)
    journal.request_context = given.request_context
    edits.start(journal, given.input_data, given.state, clock().now(), per_step=per_step)
    begun, write = _prepared(run, run, journal, 0)
    if (user := acting_user()) is not None:
        write.run["started_by_id"] = user.pk
    return _gone(run, begun, write) if _is_stored(run, write, "start", {}) else None


# --- resume and restart ----------------------------------------------------------------------


def resume(
    run: Run,
    seen: Run,
    data: Json,
    *,
    step: Sequence[str] | None,
    label: str | None,
    index: int | None,
    request_context: dict[str, Json] | None,
    per_step: bool,
) -> Begun:
    """Answer a suspension. ``seen`` is the row that the caller saw suspended."""
    workflow, seen_execution = workflow_of(run), _execution(seen)
    data = argument(data, "The resume data")
    context = argument(dict(request_context or {}), "The request context")

    def edit(row: Run, journal: Journal) -> Journal:
        if journal.execution.number != seen_execution:
            raise AlreadyResumed(
                "This suspended workflow run was already resumed by another caller. Workflow "
                f'"{row.workflow_id}" run "{row.run_id}" moved from "suspended" to "running" '
                "before this resume could claim it. Only one resume() call may continue a given "
                "suspension; re-read the run state before resuming again."
            )
        assigned.check_resume(journal, step, label, index)
        edits.resume(
            journal,
            workflow,
            data,
            clock().now(),
            step=step,
            label=label,
            index=index,
            per_step=per_step,
            validates=workflow.validate_inputs is not False,
        )
        journal.request_context |= context
        return journal

    about = {"step": ".".join(step) if step else None, "label": label, "index": index}
    return _begun_unlocked(run, seen, edit, "resume", about) or begin(
        run, edit, "resume", details=about
    )


def seen_suspended(run: Run) -> Run | None:
    """The run's row, which is suspended; None while the run may still suspend.

    Raises RunNotFound or RunNotSuspended when it never will.
    """
    row = row_of(run, lock=False)
    if row.status in (Status.PENDING, *ACTIVE):
        return None
    if row.status != Status.SUSPENDED:
        raise RunNotSuspended(status=row.status)
    return row


def _execution(row: Run) -> int:
    return Execution(**(row.execution or {})).number


def restart(run: Run, request_context: dict[str, Json] | None) -> Begun | None:
    """Take over a run whose worker is gone; None if it is finished and has an outcome."""

    def edit(row: Run, journal: Journal) -> Journal:
        journal.execution.kind = "restart"
        journal.request_context |= request_context or {}
        return journal

    with transaction.atomic():
        row = row_of(run, lock=True, missing="Snapshot not found for run {run_id}")
        if row.status in (Status.SUCCESS, Status.FAILED, Status.TRIPWIRE):
            return None
        if row.status not in ACTIVE:
            raise RunNotActive(status=row.status)
        if lease.is_held(row):
            raise RunStillRunning(
                "This workflow run is being worked on; it cannot be restarted", run=row.run_id
            )
        return begin(run, edit, "restart")


# --- one way for all -------------------------------------------------------------------------

Edit = Callable[[Run, Journal], Journal]


def begin(
    run: Run, edit: Edit, action: str, *, missing: str = "", details: dict[str, Any] | None = None
) -> Begun:
    """Edit a run's journal and store it; ``missing`` is what to say if there is no such run.

    ``action`` and ``details`` are what the audit trail gets to know of it.
    """
    with transaction.atomic():
        row = row_of(run, lock=True, missing=missing)
        journal = edit(row, journals.load(row))
        begun, write = _prepared(run, row, journal, ledger.next_seq(row.pk))
        if action == "start" and (user := acting_user()) is not None:
            write.run["started_by_id"] = user.pk
        ledger.append_one(write)
        note(row, action, **(details or {}))
    return _gone(run, begun, write)


def _begun_unlocked(
    run: Run, row: Run, edit: Edit, action: str, details: dict[str, Any]
) -> Begun | None:
    """Begin from a row at rest that is not locked; None if that did not work out.

    Nobody writes for a run at rest without raising its fencing number. So if the write finds that
    unmoved, all that was read is as it was; else the way with a lock says what is wrong.
    """
    try:
        journal = edit(row, journals.load(row))
    except RunsError:
        return None
    begun, write = _prepared(run, row, journal, ledger.next_seq(row.pk))
    return _gone(run, begun, write) if _is_stored(row, write, action, details) else None


def _is_stored(row: Run, write: Write, action: str, details: dict[str, Any]) -> bool:
    """Store what begins a run, and in whose name; false if somebody else has moved it."""
    if current_actor() is None:
        return ledger.append([write])[0].accepted
    # Whatever fails in here is not caught: in a transaction it fails as a whole.
    with transaction.atomic(savepoint=False):
        accepted = ledger.append([write])[0].accepted
        if accepted:
            note(row, action, **details)
    return accepted


def _prepared(run: Run, row: Run, journal: Journal, seq: int) -> tuple[Begun, Write]:
    """What makes a run go: its session, if it is driven here, and the write that begins it."""
    inline = is_inline(run)
    session = Session(row, workflow_of(run), journal, row.fence, seq)
    if inline:
        session.look_ahead(clock().now())
    write = session.take_write() or Write(row.pk, journal.attempt, row.fence)
    held = lease.hold(local.owner()) if inline else lease.free(lease.now_ms())
    write.run.update(_started_columns(row, journal), **held, **_line(run, row, journal))
    session.fence = row.fence + 1
    return Begun(run, session if inline else None, seq, write.events), write


def _gone(run: Run, begun: Begun, write: Write) -> Begun:
    """The write is stored: show it, and send for a worker if none of it happens here."""
    _mirror(run, write.run)
    if begun.session is None:
        transaction.on_commit(lambda: _send_ticket(run.pk))
    return begun


def _started_columns(row: Run, journal: Journal) -> dict[str, Any]:
    execution = journal.execution
    now = timezone.now()
    return {
        "fence": row.fence + 1,
        "status": Status.RUNNING.value,
        "attempt": journal.attempt,
        "request_context": journal.request_context,
        "execution": {
            "kind": execution.kind,
            "number": execution.number,
            "per_step": execution.per_step,
            "since": execution.since,
        },
        # As precise as the end is stored: a quick run does not end before it began.
        "started_at": row.started_at or from_ms(to_ms(now)),
        "updated_at": now,
        "ended_at": None,
        # A new attempt of a canceled run is not canceled, unless it was before it ever began.
        "canceled_at": to_ms(row.canceled_at) if journal.canceled else None,
        "error_message": "",
        "recoveries": 0,
    }


_LINE = ("limit_key", "limit_size", "queued_at")
#: Columns that hold milliseconds.
MOMENTS = ("due_at", "canceled_at", "queued_at")


def _line(run: Run, row: Run, journal: Journal) -> dict[str, Any]:
    """The columns that say in which line a run stands from now on, where its code limits it."""
    limit = workflow_of(run).concurrency
    if limit is None:
        return {} if row.limit_key is None else dict.fromkeys(_LINE)
    key = limit.line_of(row.workflow_id, journal.root.input)
    return {"limit_key": key, "limit_size": limit.limit, "queued_at": None}


def _mirror(run: Run, columns: dict[str, Any]) -> None:
    """Let the caller's object show what was stored."""
    for name, value in columns.items():
        setattr(run, name, from_ms(value) if name in MOMENTS else value)


_MISSING = "No snapshot found for this workflow run: {workflow_id} {run_id}"


def row_of(run: Run, *, lock: bool, missing: str = "") -> Run:
    """The run's row as it is now, locked until the transaction ends; or RunNotFound."""
    row = stored_row.read(run.pk, lock=lock)
    if row is None:
        text = missing or _MISSING
        raise RunNotFound(text.format(workflow_id=run.workflow_id, run_id=run.run_id))
    return row


def _send_ticket(run_pk: int) -> None:
    from runs.worker import tasks

    tasks.enqueue(run_pk)
