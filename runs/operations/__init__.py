"""The one front door for changing a run.

Skins (pages, API, admin, command line) and the methods of ``Run`` and ``Workflow`` call these
functions and nothing below them. Each has a coroutine twin with Django's ``a`` in front. For a
caller's mistakes they raise errors of ``runs.exceptions``, and then have changed nothing.
"""

from __future__ import annotations

from runs.operations.because import Because, because_of
from runs.operations.begin import check_start
from runs.operations.calls import (
    attempt_outcome,
    cancel,
    create_run,
    observe,
    recorded,
    restart,
    restart_all_active_workflow_runs,
    restart_async,
    resume,
    resume_async,
    resume_stream,
    start,
    start_async,
    stream,
    time_travel,
    time_travel_async,
    time_travel_stream,
)
from runs.operations.coroutines import (
    acancel,
    acreate_run,
    adelete_workflow_run_by_id,
    aget_workflow_run_by_id,
    alist_workflow_runs,
    aload_snapshot,
    aobserve,
    aplan_time_travel,
    arestart,
    arestart_all_active_workflow_runs,
    arestart_async,
    aresume,
    aresume_async,
    aresume_stream,
    astart,
    astart_async,
    astream,
    atime_travel,
    atime_travel_async,
    atime_travel_stream,
)
from runs.operations.declared import sync_declared_schedules
from runs.operations.firing import fire_due, run_schedule_now
from runs.operations.plan import TravelPlan, plan_time_travel
from runs.operations.reads import (
    delete_run,
    delete_workflow_run_by_id,
    find_run,
    get_workflow_run_by_id,
    list_cursor,
    list_workflow_runs,
    load_snapshot,
)
from runs.operations.schedule_reads import schedule_triggers, shown_schedules
from runs.operations.schedules import (
    create_schedule,
    delete_schedule,
    find_schedule,
    pause_schedule,
    resume_schedule,
    update_schedule,
)
from runs.operations.watch import watch

__all__ = [
    "Because",
    "TravelPlan",
    "acancel",
    "acreate_run",
    "adelete_workflow_run_by_id",
    "aget_workflow_run_by_id",
    "alist_workflow_runs",
    "aload_snapshot",
    "aobserve",
    "aplan_time_travel",
    "arestart",
    "arestart_all_active_workflow_runs",
    "arestart_async",
    "aresume",
    "aresume_async",
    "aresume_stream",
    "astart",
    "astart_async",
    "astream",
    "atime_travel",
    "atime_travel_async",
    "atime_travel_stream",
    "attempt_outcome",
    "because_of",
    "cancel",
    "check_start",
    "create_run",
    "create_schedule",
    "delete_run",
    "delete_schedule",
    "delete_workflow_run_by_id",
    "find_run",
    "find_schedule",
    "fire_due",
    "get_workflow_run_by_id",
    "list_cursor",
    "list_workflow_runs",
    "load_snapshot",
    "observe",
    "pause_schedule",
    "plan_time_travel",
    "recorded",
    "restart",
    "restart_all_active_workflow_runs",
    "restart_async",
    "resume",
    "resume_async",
    "resume_schedule",
    "resume_stream",
    "run_schedule_now",
    "schedule_triggers",
    "shown_schedules",
    "start",
    "start_async",
    "stream",
    "sync_declared_schedules",
    "time_travel",
    "time_travel_async",
    "time_travel_stream",
    "update_schedule",
    "watch",
]
