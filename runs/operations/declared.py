"""Schedules declared in code, kept as rows.

When workers start, what the code declares is held against the rows: new declarations get one,
changed ones change theirs, and a row whose declaration is gone goes too. Whether one is paused is
up to those who run the place and survives; a row that they changed otherwise is theirs altogether.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone as times

from runs.definition import registry
from runs.definition.schedule import Schedule as Declaration
from runs.definition.workflow import Workflow
from runs.exceptions import InvalidSchedule, ScheduleExists
from runs.models import Schedule
from runs.models.schedule import ACTIVE, PAUSED
from runs.operations.schedules import insert, next_fire
from runs.store import catalog

logger = logging.getLogger("runs.schedules")
#: Other than those that people make, so that neither can take the other's id.
PREFIX = "wf_"


@transaction.atomic
def sync_declared_schedules() -> None:
    """Hold the rows of the workflows known here against their code.

    Rows of workflows that this process does not know are another installation's, and stay.
    """
    workflows = registry.all_workflows()
    rows = Schedule.objects.select_for_update().filter(workflow_id__in=workflows)
    known = {row.pk: row for row in rows if row.pk.startswith(PREFIX)}
    for workflow in workflows.values():
        for declaration in workflow.schedules:
            _keep(workflow, declaration, known.pop(PREFIX + declaration.id, None))
    for row in known.values():
        _let_go(row)


def _keep(workflow: Workflow, declaration: Declaration, row: Schedule | None) -> None:
    members = declaration.members()
    if row is None:
        _add(workflow, declaration, members)
    elif not row.edited and row.declared != members:
        _change(row, members)


def _add(workflow: Workflow, declaration: Declaration, members: dict[str, Any]) -> None:
    catalog.version_of(workflow)
    row = Schedule(
        id=PREFIX + declaration.id,
        workflow_id=workflow.id,
        declared=members,
        status=PAUSED if declaration.paused else ACTIVE,
        next_fire_at=_next(declaration.cron, declaration.timezone),
        **members,
    )
    with suppress(ScheduleExists):  # another worker started at the same moment
        insert(row)


def _next(cron: str, timezone: str) -> datetime | None:
    """The next fire; an expression whose last year is over is no reason not to start."""
    try:
        return next_fire(cron, timezone)
    except InvalidSchedule as error:
        logger.warning("A declared schedule does not fire: %s", error)
        return None


def _change(row: Schedule, members: dict[str, Any]) -> None:
    timing = (row.cron, row.timezone)
    for name, value in members.items():
        setattr(row, name, value)
    if timing != (row.cron, row.timezone):
        row.next_fire_at = _next(row.cron, row.timezone)
    row.declared, row.updated_at = members, times.now()
    row.save()


def _let_go(row: Schedule) -> None:
    if not row.edited:
        row.delete()
    elif row.declared is not None:
        logger.warning("Schedule %s is no longer declared; it was changed, so it stays", row.pk)
        row.declared = None
        row.save(update_fields=["declared"])
