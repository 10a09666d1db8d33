"""What a run is in the database: plain rows that can be filtered, joined and backed up.

``Workflow`` and ``WorkflowVersion`` say what is defined in code; ``Run`` is one row a run;
``StepSnapshot`` one row for each path of each attempt; ``RunEvent`` the numbered log;
``WorkerProcess`` who is alive; ``AuditEntry`` who did what; ``ApiToken`` and
``ResourceRestriction`` who may; ``RunKey`` under which key a run was asked for; ``MemberTask``
what workers perform for each other; ``Schedule`` what
starts by itself, and ``ScheduleTrigger`` when it did; ``WebhookDelivery`` who is told of
what.

Rows of runs, snapshots and events are written by ``runs.store`` alone. Read them as you like.
"""

from __future__ import annotations

from runs.models.api_token import ApiToken, ResourceRestriction
from runs.models.attempt import Attempt
from runs.models.audit_entry import AuditEntry
from runs.models.member_task import MemberTask
from runs.models.run import Run
from runs.models.run_event import RunEvent
from runs.models.run_key import RunKey
from runs.models.schedule import Schedule, ScheduleTrigger
from runs.models.step_snapshot import StepSnapshot
from runs.models.webhook_delivery import WebhookDelivery
from runs.models.worker_process import WorkerProcess
from runs.models.workflow import Workflow, WorkflowVersion

__all__ = [
    "ApiToken",
    "Attempt",
    "AuditEntry",
    "MemberTask",
    "ResourceRestriction",
    "Run",
    "RunEvent",
    "RunKey",
    "Schedule",
    "ScheduleTrigger",
    "StepSnapshot",
    "WebhookDelivery",
    "WorkerProcess",
    "Workflow",
    "WorkflowVersion",
]
