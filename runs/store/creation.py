"""Making the row of a run: one statement, which finds the version of its workflow, too."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from runs.definition.workflow import Workflow
from runs.models import Run, WorkflowVersion
from runs.store import catalog, direct


def create(run: Run, workflow: Workflow) -> tuple[Run, bool]:
    """Store a new run, unless there is one of its id; answer with the stored one, and if it is new.

    The version of the workflow is written when it is first seen; after that it costs nothing.
    """
    if _insert(run, workflow):
        return run, True
    known = _known(run)
    if known is not None:
        return known, False
    with transaction.atomic():
        catalog.version_of(workflow)
        if _insert(run, workflow):
            return run, True
    return Run.objects.get(workflow_id=run.workflow_id, run_id=run.run_id), False


def _known(run: Run) -> Run | None:
    return Run.objects.filter(workflow_id=run.workflow_id, run_id=run.run_id).first()


def _insert(run: Run, workflow: Workflow) -> bool:
    """Store it; false if there is one of its id, or its workflow's version is not known yet."""
    database = connections[DEFAULT_DB_ALIAS]
    values = [field.get_db_prep_save(getattr(run, field.attname), database) for field in _fields()]
    found = direct.execute(_statement(), [*values, workflow.id, workflow.fingerprint])
    if not found:
        return False
    run.pk, run.version_id = found[0]
    run._state.adding, run._state.db = False, database.alias
    return True


@cache
def _fields() -> list[Any]:
    """What a new row is made of: all but its key and the version of its workflow."""
    found = ("id", "version_id")
    return [field for field in Run._meta.concrete_fields if field.attname not in found]


@cache
def _statement() -> str:
    names = ", ".join(f'"{field.column}"' for field in _fields())
    marks = ", ".join(["%s"] * len(_fields()))
    return (
        f'INSERT INTO "{Run._meta.db_table}" ({names}, "version_id") '
        f'SELECT {marks}, id FROM "{WorkflowVersion._meta.db_table}" '
        "WHERE workflow_id = %s AND fingerprint = %s "
        'ON CONFLICT ("workflow_id", "run_id") DO NOTHING RETURNING "id", "version_id"'
    )
