"""Reading a run's journal back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from runs.engine import path as paths
from runs.engine import refs
from runs.engine.journal import Entry, Execution, Journal, Status
from runs.models import Run
from runs.store import entries as stored
from runs.store import rows


def load(run: Run, attempt: int | None = None) -> Journal:
    """The journal of an attempt of a run (the current one), all values filled in.

    Of an older attempt the execution path begins with that attempt.
    """
    attempt = attempt or run.attempt
    entries = {entry.path: entry for entry in _read(run.pk, attempt)}
    stored.fill_kept({(run.pk, attempt): entries})
    refs.hydrate(entries)
    current = attempt == run.attempt
    root = entries.get(paths.ROOT)
    status = run.status if current or root is None else root.status
    return Journal.of(
        entries.values(),
        workflow_id=run.workflow_id,
        run_id=run.run_id,
        resource_id=run.resource_id,
        attempt=attempt,
        status=Status(status),
        canceled=run.canceled_at is not None,
        request_context=run.request_context or {},
        execution=Execution(**(run.execution or {})),
        path_before=list(run.path_before or ()) if current else [],
    )


def _read(run_pk: int, attempt: int) -> list[Entry]:
    sql = f"{rows.SELECT_SNAPSHOTS} WHERE run_id = %s AND attempt = %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [run_pk, attempt])
        return [rows.to_entry(row) for row in cursor.fetchall()]


def load_entries(run_pk: int, attempt: int, names: Iterable[str]) -> dict[str, Entry]:
    """Some entries of an attempt, with what their values refer to, all filled in."""
    return stored.load({(run_pk, attempt): names})[run_pk, attempt]
