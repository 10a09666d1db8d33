"""Cancelling: a flag that the driver sees, or the end at once when nobody drives."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from runs.definition.workflow import Workflow
from runs.engine import edits
from runs.engine.advance import Interpreter
from runs.engine.journal import FINAL, Journal, Status
from runs.engine.outcomes import CANCELED
from runs.exceptions import WorkflowNotFound
from runs.models import Run
from runs.operations import begin
from runs.operations.acting import note
from runs.store import journals, lease, ledger
from runs.store.ledger import Write
from runs.store.outbox import Outbox
from runs.worker import feed, local
from runs.worker.clock import clock


def cancel(run: Run) -> None:
    """Cancel a run. It shows as canceled at once, and nothing of it starts any more.

    A body that is running sees its abort signal and may still end; its outcome is recorded. A
    finished run is left alone: what it came to is final.
    """
    with transaction.atomic():
        row = begin.row_of(run, lock=True)
        if row.status not in FINAL:
            _cancel_row(row)
            note(row, "cancel")
    transaction.on_commit(lambda: local.cancel(run.pk))
    run.refresh_from_db()


def _cancel_row(row: Run) -> None:
    """While somebody holds the lease, the end is theirs to write; else it is written here."""
    now = timezone.now()
    columns = {"canceled_at": clock().now(), "status": Status.CANCELED.value, "updated_at": now}
    if lease.is_held(row):
        ledger.append_one(Write(row.pk, row.attempt, row.fence, run=columns))
        return
    journal = journals.load(row)
    if journal.entries:
        journal.canceled = True
        _mark_open(row, journal)
        edits.settle(journal, CANCELED, clock().now())
    entries, news = journal.take_changes()
    columns |= {"ended_at": now, "fence": row.fence + 1, "queued_at": None} | lease.free(None)
    events = ledger.numbered(row.pk, news)
    letters = Outbox.of(row, _known_workflow(row)).letters(journal, Status.CANCELED.value)
    about = row.pk, row.attempt, row.fence
    write = Write(*about, entries, events, columns, letters=letters, line=row.limit_key)
    ledger.append_one(write)
    transaction.on_commit(lambda: feed.publish(row.pk, row.run_id, journal, news))


def _mark_open(row: Run, journal: Journal) -> None:
    """What was going on when its process died shows as canceled, as far as the code is known."""
    workflow = _known_workflow(row)
    if workflow is not None:
        Interpreter(workflow, journal).advance(clock().now())


def _known_workflow(row: Run) -> Workflow | None:
    try:
        return begin.workflow_of(row)
    except WorkflowNotFound:
        return None
