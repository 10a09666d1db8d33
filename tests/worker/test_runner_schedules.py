"""A worker has schedules fire, and drives what they start."""

from __future__ import annotations

from typing import Any

import pytest

from runs import Schedule, create_step, create_workflow
from runs.models import Run
from runs.models import Schedule as Row
from tests.store.waiting import DEADLINE, until
from tests.worker.running import at_rest, running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]


@create_step(id="tick")
def tick(ctx: Any) -> Any:
    return ctx.input_data


def test_what_is_declared_fires_in_a_worker_and_runs_there() -> None:
    each_second = Schedule(cron="* * * * * *", input_data={"n": 1}, resource_id="acme")
    create_workflow(id="ticking", schedules=[each_second]).then(tick).commit()

    with running():
        until(lambda: Run.objects.count() >= 2, "two fires", DEADLINE)
        Row.objects.update(status="paused")
        runs = list(Run.objects.all())
        statuses = at_rest(*runs)

    assert statuses == ["success"] * len(runs)
    assert {run.resource_id for run in runs} == {"acme"}
    assert len({run.run_id for run in runs}) == len(runs)
