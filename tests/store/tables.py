"""The run tables as they are, to compare before with after."""

from __future__ import annotations

from typing import Any

from django.db import connection

from runs.models import Run, RunEvent, StepSnapshot

Rows = dict[str, list[dict[str, Any]]]


def all_rows() -> Rows:
    """Every row of runs, their steps and their events."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Run, StepSnapshot, RunEvent)
    }


def payload_bytes(run_pk: int) -> int:
    """How many bytes a run takes in all columns of all its rows."""
    total = 0
    for model, column in ((Run, "id"), (StepSnapshot, "run_id"), (RunEvent, "run_id")):
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT * FROM "{model._meta.db_table}" WHERE "{column}" = %s',
                [run_pk],
            )
            total += sum(len(str(value).encode()) for row in cursor.fetchall() for value in row)
    return total
