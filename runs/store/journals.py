"""Reading a run's journal back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runs.engine import path as paths
from runs.engine import refs
from runs.engine.journal import Entry, Execution, Journal, Status
from runs.models import Run, StepSnapshot
from runs.store import direct, rows
from runs.store import entries as stored
from runs.store.entries import Key

_COLUMNS = ", ".join(f's."{column}"' for column in rows.SNAPSHOT_COLUMNS)
_OF_ATTEMPTS = f"""
    SELECT {_COLUMNS} FROM want CROSS JOIN "{StepSnapshot._meta.db_table}" s
    WHERE s.run_id = want.run_id AND s.attempt = want.attempt
"""


def load(run: Run, attempt: int | None = None) -> Journal:
    """The journal of an attempt of a run (the current one), all values filled in."""
    attempt = attempt or run.attempt
    entries = {entry.path: entry for entry in _read(run.pk, attempt)}
    stored.fill_kept({(run.pk, attempt): entries})
    return _journal(run, attempt, entries)


def load_many(runs: Sequence[Run]) -> dict[int, Journal]:
    """The current journals of runs by key; the number of queries does not grow with theirs."""
    wants = [(run.pk, run.attempt) for run in runs]
    found: dict[Key, dict[str, Entry]] = {key: {} for key in wants}
    for row in rows.ask("run_id, attempt", wants, _OF_ATTEMPTS) if wants else ():
        entry = rows.to_entry(row)
        found[row[0], row[1]][entry.path] = entry
    stored.fill_kept(found)
    return {run.pk: _journal(run, run.attempt, found[run.pk, run.attempt]) for run in runs}


def _journal(run: Run, attempt: int, entries: dict[str, Entry]) -> Journal:
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
    )


def _read(run_pk: int, attempt: int) -> list[Entry]:
    sql = f"{rows.SELECT_SNAPSHOTS} WHERE run_id = %s AND attempt = %s"
    return [rows.to_entry(row) for row in direct.execute(sql, [run_pk, attempt])]


def load_entries(run_pk: int, attempt: int, names: Iterable[str]) -> dict[str, Entry]:
    """Some entries of an attempt, with what their values refer to, all filled in."""
    return stored.load({(run_pk, attempt): names})[run_pk, attempt]
