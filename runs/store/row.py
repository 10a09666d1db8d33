"""Runs' own rows, read without the ORM.

Django builds a query anew each time it is asked, which takes longer than the database does to
answer it; this one is built once. What comes of it is an ordinary ``Run``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from runs.models import Run, RunEvent, WorkflowVersion
from runs.store import direct, rows


def read(run_pk: int, *, lock: bool = False) -> Run | None:
    """The run as its row is now, locked until the transaction ends; None if there is none."""
    found = direct.execute(_statement(locks=lock and connection.vendor != "sqlite"), [run_pk])
    return _run(list(found[0])) if found else None


class ToDrive(NamedTuple):
    """A run and what its driver needs besides: the fingerprint of the version it is pinned to, and
    the number of its next event."""

    run: Run
    fingerprint: str | None
    next_seq: int


def read_to_drive(run_pks: Sequence[int]) -> dict[int, ToDrive]:
    """Those of these runs that exist."""
    wants = [(run_pk,) for run_pk in run_pks]
    found: dict[int, ToDrive] = {}
    for *values, fingerprint, next_seq in rows.ask("run_pk", wants, _to_drive()):
        run = _run(values)
        found[run.pk] = ToDrive(run, fingerprint, next_seq)
    return found


def _run(values: list[Any]) -> Run:
    for at, convert in _converters(connection.vendor):
        values[at] = convert(values[at])
    return Run.from_db(connection.alias, _names(), values)


@cache
def _names() -> list[str]:
    return [field.attname for field in Run._meta.concrete_fields]


@cache
def _statement(*, locks: bool) -> str:
    columns = ", ".join(f'"{field.column}"' for field in Run._meta.concrete_fields)
    tail = " FOR NO KEY UPDATE" if locks else ""
    return f'SELECT {columns} FROM "{Run._meta.db_table}" WHERE id = %s{tail}'


@cache
def _to_drive() -> str:
    columns = ", ".join(f'r."{field.column}"' for field in Run._meta.concrete_fields)
    events = RunEvent._meta.db_table
    return (
        f"SELECT {columns}, v.fingerprint, "
        f'COALESCE((SELECT MAX(e.seq) + 1 FROM "{events}" e WHERE e.run_id = r.id), 0) '
        f'FROM want JOIN "{Run._meta.db_table}" r ON r.id = want.run_pk '
        f'LEFT JOIN "{WorkflowVersion._meta.db_table}" v ON v.id = r.version_id'
    )


@cache
def _converters(vendor: str) -> list[tuple[int, Callable[[Any], Any]]]:
    """What Django does to the values of some columns, by their place."""
    found = []
    for at, field in enumerate(Run._meta.concrete_fields):
        column = field.cached_col
        steps = connection.ops.get_db_converters(column) + column.get_db_converters(connection)
        if steps:
            found.append((at, _one_after_another(steps, column)))
    return found


def _one_after_another(steps: list[Callable[..., Any]], column: Any) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        for step in steps:
            value = step(value, column, connection)
        return value

    return convert
