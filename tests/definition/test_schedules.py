from __future__ import annotations

from typing import Any

import pytest

from runs import Schedule, Workflow, create_step, create_workflow
from runs.exceptions import DefinitionError

pytestmark = pytest.mark.usefixtures("registry")


@create_step(id="report")
def report(ctx: Any) -> Any:
    return ctx.input_data


def scheduled(*schedules: Any) -> Workflow:
    return create_workflow(id="nightly-report", schedules=schedules).then(report).commit()


def test_schedules_have_ids_of_their_own_that_begin_as_the_workflows() -> None:
    workflow = scheduled(
        Schedule(cron="0 2 * * *"),
        Schedule(cron="0 3 * * *"),
        Schedule(cron="0 4 * * *", id="At 4"),
    )

    assert [one.id for one in workflow.schedules] == ["nightly-report", "nightly-report-2", "at-4"]


def test_what_a_schedule_hands_over_is_kept_as_json() -> None:
    workflow = scheduled(Schedule(cron="0 2 * * *", input_data={"days": (1, 2)}))

    assert workflow.schedules[0].input_data == {"days": [1, 2]}


def test_schedules_do_not_change_what_a_workflow_is() -> None:
    plain = create_workflow(id="plain").then(report)
    with_one = create_workflow(id="plain", schedules=[Schedule(cron="0 2 * * *")]).then(report)

    assert plain.fingerprint == with_one.fingerprint


@pytest.mark.parametrize(
    ("schedules", "reason"),
    [
        (["0 2 * * *"], "schedules is a list of Schedule"),
        ([Schedule(cron="0 25 * * *")], 'Invalid cron expression "0 25 * * *": bad hour'),
        ([Schedule(cron="0 2 * * *", timezone="Mars")], 'Invalid timezone "Mars"'),
        ([Schedule(cron="0 2 * * *", missed="all")], 'missed is "skip" or "once", not \'all\''),
        ([Schedule(cron="0 2 * * *", input_data={1j})], "input_data cannot be written as JSON"),
        ([Schedule(cron="0 2 * * *", id="x")] * 2, "two of them have the same id"),
    ],
)
def test_a_schedule_that_cannot_work_is_an_error_at_import(schedules: Any, reason: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        create_workflow(id="nightly", schedules=schedules)

    assert caught.value.message.startswith("Workflow 'nightly': schedules")
    assert reason in caught.value.message
