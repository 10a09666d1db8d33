"""Reading a run's journal back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection

from runs.engine import path as paths
from runs.engine import refs
from runs.engine.journal import Entry, Execution, Journal, Status
from runs.models import Run
from runs.store import rows


def load(run: Run, attempt: int | None = None) -> Journal:
    """The journal of an attempt of a run (the current one), all values filled in.

    Of an older attempt the execution path begins with that attempt.
    """
    attempt = attempt or run.attempt
    entries = {entry.path: entry for entry in _read(run.pk, attempt)}
    _fill_kept(run.pk, entries.values())
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


def _read(run_pk: int, attempt: int, only: Iterable[str] | None = None) -> list[Entry]:
    sql = f"{rows.SELECT_SNAPSHOTS} WHERE run_id = %s AND attempt = %s"
    values: list[Any] = [run_pk, attempt]
    if only is not None:
        wanted = list(only)
        sql += f" AND path IN ({', '.join(['%s'] * len(wanted))})"
        values += wanted
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [rows.to_entry(row) for row in cursor.fetchall()]


def _fill_kept(run_pk: int, entries: Iterable[Entry]) -> None:
    """Entries taken over from an earlier attempt have their values there."""
    kept: dict[int, dict[str, Entry]] = {}
    for entry in entries:
        if entry.kept_from is not None:
            kept.setdefault(entry.kept_from, {})[entry.path] = entry
    for attempt, by_path in kept.items():
        origins = load_entries(run_pk, attempt, by_path)
        for path, entry in by_path.items():
            entry.input, entry.output = origins[path].input, origins[path].output


def _in_batches(run_pk: int, attempt: int, wanted: list[str]) -> Iterable[Entry]:
    for at in range(0, len(wanted), 500):
        yield from _read(run_pk, attempt, wanted[at : at + 500])


def load_entries(run_pk: int, attempt: int, names: Iterable[str]) -> dict[str, Entry]:
    """Some entries of an attempt, with what their values refer to, all filled in."""
    found: dict[str, Entry] = {}
    wanted = set(names)
    while wanted:
        fresh = list(_in_batches(run_pk, attempt, sorted(wanted)))
        _fill_kept(run_pk, fresh)
        found |= {entry.path: entry for entry in fresh}
        named = {
            path
            for entry in fresh
            for ref in (entry.input_ref, entry.output_ref)
            for path in refs.targets(ref)
        }
        wanted = named - found.keys()
    refs.hydrate(found)
    return found
