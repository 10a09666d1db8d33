"""Appending in PostgreSQL: one statement, so one round trip and one commit, for any number of runs.

The statement locks the runs whose number is current, and all else in it joins what it locked: a
write with an old number finds nothing to join. It goes to the driver's own connection, under
Django's, with its parameters bound by the server: so it can be planned once and not at each call.

Rows travel as JSON, which takes any number of them in one parameter; the values that may be large
travel beside it in arrays, because a large text in JSON is costly to unpack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import orjson
import psycopg
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from runs.models import Run, RunEvent, StepSnapshot
from runs.store import direct, rows
from runs.store.writes import Current, Write, Written, judge, run_columns

#: Columns of a snapshot that travel in arrays of their own.
_LARGE = ("input", "output")
_AT_LARGE = [rows.SNAPSHOT_COLUMNS.index(name) for name in _LARGE]
_PLAIN = tuple(name for name in rows.SNAPSHOT_COLUMNS if name not in _LARGE)


def append(database: BaseDatabaseWrapper, writes: Sequence[Write]) -> list[Written]:
    """See ``ledger.append``."""
    if len({write.run_pk for write in writes}) == len(writes):
        return _append(database, writes)
    with transaction.atomic(database.alias):
        return [_append(database, [write])[0] for write in writes]


def _append(database: BaseDatabaseWrapper, writes: Sequence[Write]) -> list[Written]:
    database.ensure_connection()
    with transaction.mark_for_rollback_on_error(database.alias), database.wrap_database_errors:
        return _executed(database.connection, writes)


def _executed(raw: psycopg.Connection[Any], writes: Sequence[Write]) -> list[Written]:
    shapes, moves = _moves(writes)
    parameters = [
        *_fencing(writes),
        *_entries(writes),
        orjson.dumps(list(_events(writes))).decode(),
        *moves,
    ]
    held = dict(direct.prepared(raw, _statement(shapes), parameters).fetchall())
    return [_answer(write, held) for write in writes]


def _fencing(writes: Sequence[Write]) -> Iterator[list[Any]]:
    """In the order in which runs are locked, which is the same for all who lock several."""
    ordered = sorted(writes, key=lambda write: write.run_pk)
    yield [write.run_pk for write in ordered]
    yield [write.fence for write in ordered]
    yield [write.settles for write in ordered]


def _answer(write: Write, held: dict[int, bool]) -> Written:
    if write.run_pk in held:
        return Written(accepted=True, canceled=held[write.run_pk])
    found = Run.objects.filter(pk=write.run_pk).values_list("fence", "canceled_at").first()
    current = None if found is None else Current(found[0], found[1] is not None)
    return Written(accepted=False, canceled=judge(write, current).canceled)


# --- parameters ------------------------------------------------------------------------------


def _entries(writes: Sequence[Write]) -> tuple[str, list[str | None], list[str | None]]:
    found = [
        rows.of_entry(write.run_pk, write.attempt, entry)
        for write in writes
        for entry in write.entries
    ]
    plain = [
        {
            name: value
            for name, value in zip(rows.SNAPSHOT_COLUMNS, row, strict=True)
            if value is not None and name not in _LARGE
        }
        for row in found
    ]
    inputs, outputs = ([row[at] for row in found] for at in _AT_LARGE)
    return orjson.dumps(plain).decode(), inputs, outputs


def _events(writes: Sequence[Write]) -> Iterator[dict[str, Any]]:
    for write in writes:
        for event in write.events:
            yield dict(zip(rows.EVENT_COLUMNS, rows.of_event(write.run_pk, event), strict=True))


def _moves(writes: Sequence[Write]) -> tuple[tuple[tuple[str, ...], ...], list[str]]:
    """The sets of columns of runs that change, and for each the rows that change so."""
    moved = sorted(
        ((tuple(write.run), write) for write in writes if write.run), key=lambda pair: pair[0]
    )
    shapes, parameters = [], []
    for shape, pairs in groupby(moved, key=lambda pair: pair[0]):
        found = [
            {"run_id": write.run_pk} | run_columns(write, canceled=False) for _, write in pairs
        ]
        shapes.append(shape)
        parameters.append(orjson.dumps(found).decode())
    return tuple(shapes), parameters


# --- the statement ---------------------------------------------------------------------------


@cache
def _statement(shapes: tuple[tuple[str, ...], ...]) -> str:
    parts = [_HELD, _steps(), _told(), *(_moved(n, shape) for n, shape in enumerate(shapes))]
    return f"WITH {', '.join(parts)} SELECT id, canceled_at IS NOT NULL FROM held"


#: Each run is looked for by itself: joined, the whole table would be read to find a few rows.
#: The arrays stand in queries of their own, because then PostgreSQL expects as many runs of a plan
#: for these values as of one for any, finds it no better, and stops planning at each execution.
_HELD = f"""
held AS MATERIALIZED (
    SELECT run.id, run.canceled_at
    FROM unnest(
        (SELECT %s::bigint[]), (SELECT %s::integer[]), (SELECT %s::boolean[])
    ) AS given (run_id, fence, settles)
    CROSS JOIN LATERAL (
        SELECT id, canceled_at FROM "{Run._meta.db_table}"
        WHERE id = given.run_id AND fence = given.fence
        AND NOT (given.settles AND canceled_at IS NOT NULL)
        FOR NO KEY UPDATE
    ) AS run
)"""


def _steps() -> str:
    columns = _listed(rows.SNAPSHOT_COLUMNS)
    return f"""
steps AS (
    INSERT INTO "{StepSnapshot._meta.db_table}" ({columns})
    SELECT {columns} FROM ROWS FROM (
        json_to_recordset(%s::json) AS ({_typed(StepSnapshot, _PLAIN)}),
        unnest(%b::text[]), unnest(%b::text[])
    ) AS entry ({_listed((*_PLAIN, *_LARGE))})
    JOIN held ON held.id = entry.run_id
    {rows.ON_CONFLICT}
)"""


def _told() -> str:
    columns = _listed(rows.EVENT_COLUMNS)
    typed = _typed(RunEvent, rows.EVENT_COLUMNS)
    return f"""
told AS (
    INSERT INTO "{RunEvent._meta.db_table}" ({columns})
    SELECT {columns} FROM json_to_recordset(%s::json) AS event ({typed})
    JOIN held ON held.id = event.run_id
)"""


def _moved(number: int, shape: tuple[str, ...]) -> str:
    """A canceled run shows as canceled, and that stays (see ``writes.run_columns``)."""
    keeps = "status" in shape and "fence" not in shape
    kept = (
        "CASE WHEN held.canceled_at IS NOT NULL AND move.status IN ('running', 'waiting') "
        "THEN run.status ELSE move.status END"
    )
    values = {name: kept if keeps and name == "status" else f'move."{name}"' for name in shape}
    changes = ", ".join(f'"{name}" = {value}' for name, value in values.items())
    return f"""
moved_{number} AS (
    UPDATE "{Run._meta.db_table}" run SET {changes}
    FROM json_to_recordset(%s::json) AS move (run_id bigint, {_typed(Run, shape)})
    JOIN held ON held.id = move.run_id
    WHERE run.id = move.run_id
)"""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _typed(model: Any, names: Sequence[str]) -> str:
    types = {field.column: field.db_type(connection) for field in model._meta.concrete_fields}
    return ", ".join(f'"{name}" {types[name]}' for name in names)
