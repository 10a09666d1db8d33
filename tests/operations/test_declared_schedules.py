from __future__ import annotations

import logging
from typing import Any

import pytest

from runs import Schedule as Declaration
from runs import create_workflow
from runs.definition.registry import isolated_registry
from runs.exceptions import ScheduleDeclared
from runs.models import Schedule
from runs.models.fields import to_ms
from runs.operations import (
    delete_schedule,
    find_schedule,
    pause_schedule,
    sync_declared_schedules,
    update_schedule,
)
from tests.operations.scheduling import HOUR, MINUTE, NOON_MS, SetClock
from tests.store.gallery import same
from tests.store.waiting import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

HOURLY = Declaration(cron="0 * * * *", input_data={"day": "Monday"})


def deployed(*schedules: Declaration, workflow_id: str = "report") -> None:
    """What happens when workers start with this code."""
    with isolated_registry():
        create_workflow(id=workflow_id, schedules=schedules).then(same("x")).commit()
        sync_declared_schedules()


def stored() -> dict[str, Any]:
    return dict(Schedule.objects.values_list("id", "cron"))


def test_what_code_declares_becomes_rows_and_goes_with_its_declaration() -> None:
    deployed(HOURLY, Declaration(cron="0 3 * * *", id="at-3", paused=True))
    assert stored() == {"wf_report": "0 * * * *", "wf_at-3": "0 3 * * *"}
    assert find_schedule("wf_at-3").status == "paused"
    row = find_schedule("wf_report")
    assert (row.input_data, to_ms(row.next_fire_at)) == ({"day": "Monday"}, NOON_MS + HOUR)

    deployed(HOURLY)
    assert stored() == {"wf_report": "0 * * * *"}


def test_a_changed_declaration_changes_its_row_and_an_equal_one_nothing(clock: SetClock) -> None:
    deployed(HOURLY)
    clock.shows += 10 * MINUTE
    before = find_schedule("wf_report").updated_at
    deployed(HOURLY)
    assert find_schedule("wf_report").updated_at == before

    deployed(Declaration(cron="*/15 * * * *", input_data={"day": "Friday"}))

    row = find_schedule("wf_report")
    assert (row.cron, row.input_data) == ("*/15 * * * *", {"day": "Friday"})
    assert to_ms(row.next_fire_at) == NOON_MS + 15 * MINUTE


def test_who_paused_one_finds_it_paused_after_the_next_deployment() -> None:
    deployed(HOURLY)
    pause_schedule("wf_report")

    deployed(Declaration(cron="0 5 * * *"))

    row = find_schedule("wf_report")
    assert (row.status, row.cron) == ("paused", "0 5 * * *")


def test_one_that_was_changed_by_hand_follows_its_declaration_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    deployed(HOURLY)
    update_schedule("wf_report", cron="0 6 * * *")

    deployed(Declaration(cron="0 7 * * *"))
    assert stored() == {"wf_report": "0 6 * * *"}
    with caplog.at_level(logging.WARNING, "runs.schedules"):
        deployed()
    assert "wf_report is no longer declared" in caplog.text
    assert find_schedule("wf_report").declared is None
    delete_schedule("wf_report")


def test_one_that_is_declared_cannot_be_deleted() -> None:
    deployed(HOURLY)

    with pytest.raises(ScheduleDeclared, match="is declared in code: remove it there, or pause it"):
        delete_schedule("wf_report")


def test_code_that_does_not_know_a_workflow_leaves_its_schedules() -> None:
    deployed(HOURLY)

    deployed(workflow_id="other")

    assert stored() == {"wf_report": "0 * * * *"}


def test_a_declaration_that_never_fires_again_keeps_nobody_from_starting() -> None:
    deployed(Declaration(cron="0 0 0 1 1 * 2020"), Declaration(cron="0 3 * * *", id="b"))

    assert find_schedule("wf_report").next_fire_at is None
    assert find_schedule("wf_b").next_fire_at is not None


@pytest.mark.django_db(transaction=True)
def test_workers_that_start_at_the_same_moment_make_one_row() -> None:
    with isolated_registry():
        create_workflow(id="report", schedules=[HOURLY]).then(same("x")).commit()

        assert together(*[sync_declared_schedules] * 4) == [None] * 4

    assert stored() == {"wf_report": "0 * * * *"}
