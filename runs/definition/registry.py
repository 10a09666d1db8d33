"""The workflows this process knows, by id."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runs.exceptions import DuplicateWorkflow, WorkflowNotFound

if TYPE_CHECKING:
    from runs.definition.workflow import Workflow

_workflows: dict[str, Workflow] = {}


def register(workflow: Workflow) -> None:
    """Add a workflow. An id stands for one definition only; the same one may come again."""
    known = _workflows.get(workflow.id, workflow)
    if known is not workflow and not _is_typed_again(known, workflow):
        raise DuplicateWorkflow(
            f"Workflow {workflow.id!r} is defined in {known.module} and again in {workflow.module}"
        )
    _workflows[workflow.id] = workflow


def _is_typed_again(known: Workflow, workflow: Workflow) -> bool:
    """In a notebook or a shell people run the same definition until they like it."""
    return known.module == workflow.module == "__main__" and hasattr(sys, "ps1")


def get_workflow(id: str) -> Workflow:
    try:
        return _workflows[id]
    except KeyError:
        raise WorkflowNotFound(workflow_id=id) from None


def all_workflows() -> dict[str, Workflow]:
    """Return a copy, in the order of registration."""
    return dict(_workflows)


@contextmanager
def isolated_registry() -> Iterator[None]:
    """Know no workflow at first, and afterwards those known before. For tests."""
    kept = dict(_workflows)
    _workflows.clear()
    try:
        yield
    finally:
        _workflows.clear()
        _workflows.update(kept)
