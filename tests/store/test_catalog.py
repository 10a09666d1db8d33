from __future__ import annotations

import pytest

from runs import Workflow as Definition
from runs import create_workflow
from runs.models import Workflow, WorkflowVersion
from runs.store import catalog
from tests.store.gallery import add
from tests.store.waiting import together

pytestmark = pytest.mark.django_db


def definition(*amounts: int, **options: str) -> Definition:
    flow = create_workflow("w", **options)
    for amount in amounts:
        flow.then(add(amount))
    return flow


def test_a_definition_has_one_row_however_often_it_is_used() -> None:
    versions = {catalog.version_of(definition(1, 2, description="d")).pk for _ in range(3)}

    [version] = WorkflowVersion.objects.all()
    assert versions == {version.pk}
    assert version.graph == definition(1, 2).serialized_step_graph
    assert list(Workflow.objects.values("id", "description", "available")) == [
        {"id": "w", "description": "d", "available": True}
    ]


def test_a_changed_definition_is_another_version_of_the_workflow() -> None:
    before, after = catalog.version_of(definition(1)), catalog.version_of(definition(1, 2))

    assert before.pk != after.pk
    assert before.workflow_id == after.workflow_id == "w"


def test_going_back_to_an_older_definition_finds_its_row() -> None:
    before = catalog.version_of(definition(1))
    catalog.version_of(definition(2))

    assert catalog.version_of(definition(1)).pk == before.pk


@pytest.mark.django_db(transaction=True)
def test_processes_that_see_a_definition_first_at_the_same_moment_agree() -> None:
    flow = definition(1)

    versions = together(*[lambda: catalog.version_of(flow).pk] * 6)

    assert versions == [WorkflowVersion.objects.get().pk] * 6
