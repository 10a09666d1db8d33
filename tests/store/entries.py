"""Entries and writes for tests of the store, with no more said about them than matters."""

from __future__ import annotations

from typing import Any

from runs.engine.events import Event
from runs.engine.journal import Entry, Kind, Status
from runs.models import Run, Workflow
from runs.store.ledger import Write


def run_row(run_id: str = "r", **columns: Any) -> Run:
    """A run as a row, of a workflow that nobody defined."""
    Workflow.objects.get_or_create(id="w")
    return Run.objects.create(workflow_id="w", run_id=run_id, **columns)


def entry(path: str, output: Any = None, **fields: Any) -> Entry:
    """A step that succeeded."""
    fields = {"step_id": path, "kind": Kind.STEP, "status": Status.SUCCESS, "begun": 1} | fields
    return Entry(path, output=output, **fields)


def event(seq: int, path: str = "", **own: Any) -> Event:
    return Event("workflow-step-output", path, 1, 1000 + seq, own, seq)


def write(run: Run, *entries: Entry, attempt: int = 1, fence: int | None = None) -> Write:
    return Write(run.pk, attempt, run.fence if fence is None else fence, entries)
