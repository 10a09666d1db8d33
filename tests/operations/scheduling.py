"""A clock that stands still, a workflow, and schedules of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from runs import Workflow
from runs.models import Schedule
from runs.operations import create_schedule, shown_schedules
from runs.worker import clock as clocks

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
NOON_MS = 1_777_636_800_000
MINUTE, HOUR = 60_000, 3_600_000


class SetClock(clocks.Clock):
    """A clock that shows what it was set to."""

    def __init__(self) -> None:
        self.shows = NOON_MS

    def now(self) -> int:
        return self.shows


def hourly(report: Workflow, **members: Any) -> Schedule:
    return create_schedule(report.id, cron="0 * * * *", input_data={"day": "Monday"}, **members)


def wire_of(schedule: Schedule) -> dict[str, Any]:
    schedule.refresh_from_db()
    return shown_schedules([schedule])[0]
