from __future__ import annotations

from datetime import datetime, timedelta
from datetime import timezone as timezone_of
from typing import Any

import pytest
from django.utils import timezone

from runs import Workflow, create_workflow
from runs.exceptions import RequestError, RunNotFound
from runs.models import Run, RunEvent, StepSnapshot
from runs.operations import (
    delete_workflow_run_by_id,
    find_run,
    get_workflow_run_by_id,
    list_workflow_runs,
)
from tests.store.gallery import add, ask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def asking(id: str = "w") -> Workflow:
    return create_workflow(id).then(add(1)).then(ask()).commit()


def test_the_record_of_a_run_has_all_that_is_known_of_it() -> None:
    flow = asking()
    flow.create_run(run_id="r", resource_id="customer-7").start({"n": 1})

    record = get_workflow_run_by_id(flow, "r")

    assert record is not None
    assert {name: record[name] for name in ("runId", "workflowName", "resourceId", "status")} == {
        "runId": "r",
        "workflowName": "w",
        "resourceId": "customer-7",
        "status": "suspended",
    }
    assert record["steps"]["add-1"]["output"] == {"n": 2}
    assert record["serializedStepGraph"] == flow.serialized_step_graph
    assert datetime.fromisoformat(record["createdAt"]).tzinfo is not None


def test_a_pending_run_has_a_record_too() -> None:
    flow = asking()
    flow.create_run(run_id="r")

    record = get_workflow_run_by_id(flow, "r")

    assert record is not None
    assert (record["status"], record.get("steps") or {}) == ("pending", {})


def test_a_run_that_does_not_exist_has_no_record() -> None:
    assert get_workflow_run_by_id(asking(), "nobody's") is None


def test_only_the_fields_asked_for_are_in_a_record() -> None:
    flow = asking()
    flow.create_run(run_id="r").start({"n": 1})

    record = get_workflow_run_by_id(flow, "r", fields=["steps"])

    assert record is not None
    assert "steps" in record
    assert "serializedStepGraph" not in record
    assert "result" not in record


def _listed(flow: Workflow, **filters: Any) -> list[str]:
    return [run["runId"] for run in list_workflow_runs(flow, **filters)["runs"]]


def test_runs_are_listed_newest_first_and_filtered() -> None:
    flow, other = asking(), asking("other")
    now = timezone.now()
    for age, (run_id, resource_id) in enumerate([("c", "x"), ("b", "y"), ("a", "x")]):
        run = flow.create_run(run_id=run_id, resource_id=resource_id)
        Run.objects.filter(pk=run.pk).update(created_at=now - timedelta(days=age))
    find_run("w", "b").start({"n": 1})
    other.create_run(run_id="elsewhere")

    assert _listed(flow) == ["c", "b", "a"]
    assert _listed(flow, status="suspended") == ["b"]
    assert _listed(flow, resource_id="x") == ["c", "a"]
    assert _listed(flow, from_date=now - timedelta(days=1.5)) == ["c", "b"]
    assert _listed(flow, to_date=now - timedelta(days=0.5)) == ["b", "a"]
    assert _listed(flow, resource_id="x", status="suspended") == []


@pytest.mark.parametrize("zone", [-14, 0, 14])
@pytest.mark.parametrize("end", [datetime.min, datetime.max])
def test_a_list_reaches_to_the_ends_of_the_calendar(zone: int, end: datetime) -> None:
    flow = asking()
    flow.create_run(run_id="r")
    moment = end.replace(tzinfo=timezone_of(timedelta(hours=zone)))

    since, until = _listed(flow, from_date=moment), _listed(flow, to_date=moment)

    assert (since, until) == ((["r"], []) if end == datetime.min else ([], ["r"]))


def test_a_page_says_how_many_there_are_in_all() -> None:
    flow = asking()
    for n in range(5):
        flow.create_run(run_id=f"r{n}")

    pages = [list_workflow_runs(flow, page=page, per_page=2) for page in range(4)]

    assert [len(page["runs"]) for page in pages] == [2, 2, 1, 0]
    assert {page["total"] for page in pages} == {5}
    ids = [run["runId"] for page in pages for run in page["runs"]]
    assert sorted(ids) == [f"r{n}" for n in range(5)]


@pytest.mark.parametrize("wrong", [{"per_page": 0}, {"per_page": -1}, {"page": -1, "per_page": 1}])
def test_a_page_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(RequestError):
        list_workflow_runs(asking(), **wrong)


def test_a_deleted_run_leaves_nothing_behind() -> None:
    flow = asking()
    flow.create_run(run_id="r").start({"n": 1})
    flow.create_run(run_id="other").start({"n": 1})

    delete_workflow_run_by_id(flow, "r")

    assert list(Run.objects.values_list("run_id", flat=True)) == ["other"]
    other = Run.objects.get().pk
    assert set(StepSnapshot.objects.values_list("run_id", flat=True)) == {other}
    assert set(RunEvent.objects.values_list("run_id", flat=True)) == {other}


def test_a_run_that_does_not_exist_cannot_be_deleted() -> None:
    with pytest.raises(RunNotFound):
        delete_workflow_run_by_id(asking(), "nobody's")
