"""The workflows a process knows."""

from __future__ import annotations

import pytest

from runs import Workflow, create_step, create_workflow, get_workflow
from runs.definition.registry import all_workflows, isolated_registry
from runs.exceptions import DuplicateWorkflow, WorkflowNotFound

a = create_step("a", execute=lambda ctx: None)


def test_committing_makes_a_workflow_known() -> None:
    workflow = create_workflow("w").then(a)
    assert all_workflows() == {}

    workflow.commit()

    assert get_workflow("w") is workflow
    assert all_workflows() == {"w": workflow}


def test_an_unknown_workflow_is_not_found() -> None:
    with pytest.raises(WorkflowNotFound) as caught:
        get_workflow("w")

    assert (caught.value.message, caught.value.details) == (
        "Workflow not found",
        {"workflow_id": "w"},
    )


def test_a_second_workflow_of_the_same_id_is_refused_and_not_committed() -> None:
    first = Workflow("w", module="shop.workflows").then(a).commit()
    second = Workflow("w", module="billing.workflows").then(a)

    with pytest.raises(DuplicateWorkflow) as caught:
        second.commit()

    assert caught.value.message == (
        "Workflow 'w' is defined in shop.workflows and again in billing.workflows"
    )
    assert get_workflow("w") is first
    assert second.committed is False


def test_in_a_shell_a_workflow_may_be_defined_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.ps1", ">>> ", raising=False)
    Workflow("w", module="__main__").then(a).commit()

    again = Workflow("w", module="__main__").then(a).commit()

    assert get_workflow("w") is again


def test_what_is_committed_in_an_isolated_registry_is_forgotten_after_it() -> None:
    kept = create_workflow("kept").then(a).commit()

    with isolated_registry():
        create_workflow("kept").then(a).commit()
        create_workflow("gone").then(a).commit()

    assert all_workflows() == {"kept": kept}
