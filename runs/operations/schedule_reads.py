"""Schedules and their history in the shapes that Mastra's clients see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from runs.models import Run, Schedule, ScheduleTrigger
from runs.models.fields import to_ms

Json = Any
#: Notes of a history that is asked for without a limit.
PAGE = 100
MAX_PAGE = 1000


def shown_schedules(schedules: Sequence[Schedule]) -> list[dict[str, Json]]:
    """Schedules with their last runs; what is unset is left out."""
    runs = _runs((s.workflow_id, s.last_run_id) for s in schedules)
    return [_shown(one, runs.get((one.workflow_id, one.last_run_id))) for one in schedules]


def _shown(schedule: Schedule, run: Run | None) -> dict[str, Json]:
    return _without_none(
        {
            "id": schedule.pk,
            "workflowId": schedule.workflow_id,
            "cron": schedule.cron,
            "timezone": schedule.timezone or None,
            "status": schedule.status,
            "nextFireAt": to_ms(schedule.next_fire_at),
            "lastFireAt": to_ms(schedule.last_fire_at),
            "lastRunId": schedule.last_run_id or None,
            "lastRun": run and _summary(run),
            "inputData": schedule.input_data,
            "initialState": schedule.initial_state,
            "requestContext": schedule.request_context,
            "resourceId": schedule.resource_id,
            "metadata": schedule.metadata,
            "missed": schedule.missed if schedule.missed != "once" else None,
            "declared": True if schedule.declared is not None else None,
            "createdAt": to_ms(schedule.created_at),
            "updatedAt": to_ms(schedule.updated_at),
        }
    )


def schedule_triggers(
    schedule: Schedule,
    *,
    limit: int | None = None,
    from_fired_at: datetime | None = None,
    to_fired_at: datetime | None = None,
) -> list[dict[str, Json]]:
    """What became of a schedule's fires, newest first."""
    bounds = {"fired_at__gte": from_fired_at, "fired_at__lte": to_fired_at}
    notes = schedule.triggers.filter(**{name: at for name, at in bounds.items() if at is not None})
    triggers = list(notes[: min(limit or PAGE, MAX_PAGE)])
    runs = _runs((schedule.workflow_id, trigger.run_id) for trigger in triggers)
    return [_noted(one, runs.get((schedule.workflow_id, one.run_id))) for one in triggers]


def _noted(trigger: ScheduleTrigger, run: Run | None) -> dict[str, Json]:
    shown = _without_none(
        {
            "id": str(trigger.pk),
            "scheduleId": trigger.schedule_id,
            "scheduledFireAt": to_ms(trigger.scheduled_at),
            "actualFireAt": to_ms(trigger.fired_at),
            "outcome": trigger.outcome,
            "triggerKind": trigger.kind,
            "error": trigger.error or None,
            "run": run and _summary(run),
        }
    )
    return shown | {"runId": trigger.run_id or None}


def _runs(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Run]:
    """The runs that still exist, by workflow and id; all in one query."""
    pairs = {(workflow_id, run_id) for workflow_id, run_id in wanted if run_id}
    if not pairs:
        return {}
    found = Run.objects.filter(
        workflow_id__in={workflow_id for workflow_id, _ in pairs},
        run_id__in={run_id for _, run_id in pairs},
    ).only("workflow_id", "run_id", "status", "started_at", "ended_at", "error_message")
    return {(run.workflow_id, run.run_id): run for run in found}


def _summary(run: Run) -> dict[str, Json]:
    started, ended = to_ms(run.started_at), to_ms(run.ended_at)
    return _without_none(
        {
            "status": run.status,
            "startedAt": started,
            "completedAt": ended,
            "durationMs": ended - started if started and ended else None,
            "error": run.error_message or None,
        }
    )


def _without_none(members: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None}
