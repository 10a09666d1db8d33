from __future__ import annotations

from uuid import UUID

import pytest
from django.contrib.auth.models import User

from runs import Workflow, create_workflow, get_workflow
from runs.exceptions import EmptyWorkflow, RunNotFound, RunsError
from runs.models import Run, WorkflowVersion
from runs.models import Workflow as WorkflowRow
from runs.operations import create_run, find_run
from tests.store.gallery import add
from tests.store.waiting import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def workflow(id: str = "w") -> Workflow:
    return create_workflow(id).then(add(1)).commit()


def test_a_new_run_is_pending_and_stored() -> None:
    run = workflow().create_run(run_id="mine", resource_id="customer-7")

    assert (run.run_id, run.resource_id, run.status, run.workflow_id) == (
        "mine",
        "customer-7",
        "pending",
        "w",
    )
    assert find_run("w", "mine") == run
    assert run.steps.count() == run.events.count() == 0
    assert (run.due_at, run.lease_owner, run.started_at, run.ended_at) == (None, "", None, None)


def test_a_run_without_an_id_gets_one_of_its_own() -> None:
    flow = workflow()

    ids = {flow.create_run().run_id for _ in range(3)}

    assert len(ids) == 3
    assert all(str(UUID(run_id)) == run_id for run_id in ids)


def test_a_second_run_of_the_same_id_is_the_first() -> None:
    flow = workflow()
    first = flow.create_run(run_id="mine", resource_id="customer-7")
    first.start({"n": 1})

    again = flow.create_run(run_id="mine", resource_id="customer-8")

    assert (again.pk, again.status, again.resource_id) == (first.pk, "success", "customer-7")
    assert Run.objects.count() == 1


def test_runs_of_two_workflows_may_have_the_same_id() -> None:
    one = workflow("one").create_run(run_id="same")
    other = workflow("other").create_run(run_id="same")

    assert one.pk != other.pk
    assert find_run("one", "same") == one


@pytest.mark.django_db(transaction=True)
def test_of_many_who_create_a_run_of_one_id_at_once_all_get_the_same() -> None:
    flow = workflow()

    runs = together(*[lambda: flow.create_run(run_id="mine").pk] * 6)

    assert runs == [Run.objects.get().pk] * 6


def test_a_run_belongs_to_the_definition_it_was_made_with() -> None:
    run = workflow().create_run()

    assert run.version == WorkflowVersion.objects.get()
    assert run.version is not None
    assert run.version.fingerprint == get_workflow("w").fingerprint


def test_a_run_knows_who_started_it(alice: User) -> None:
    run = create_run(workflow(), started_by=alice)

    assert Run.objects.get(pk=run.pk).started_by == alice


def test_a_workflow_without_a_flow_has_no_runs() -> None:
    with pytest.raises(EmptyWorkflow) as raised:
        create_workflow("empty").create_run()

    assert str(raised.value) == (
        "Execution flow of workflow is not defined. "
        "Add steps to the workflow via .then(), .branch(), etc."
    )
    assert (Run.objects.count(), WorkflowRow.objects.count()) == (0, 0)


def test_an_uncommitted_workflow_runs_as_far_as_it_goes() -> None:
    run = create_workflow("draft").then(add(1)).create_run()

    assert run.start({"n": 1}).result == {"n": 2}


def test_a_place_of_execution_that_does_not_exist_is_refused() -> None:
    with pytest.raises((RunsError, ValueError), match="inlien"):
        workflow().create_run(execution="inlien")

    assert Run.objects.count() == 0


def test_a_run_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(RunNotFound) as raised:
        find_run("w", "nobody's")

    assert raised.value.details == {"run_id": "nobody's", "workflow_id": "w"}


@pytest.mark.parametrize("name", ["run_id", "resource_id"])
def test_an_id_that_its_column_cannot_hold_is_refused_in_words(name: str) -> None:
    with pytest.raises(RunsError, match="200"):
        workflow().create_run(**{name: "x" * 201})
