"""The rows of registered workflows."""

from __future__ import annotations

from runs.definition.workflow import Workflow as Definition
from runs.models import Workflow, WorkflowVersion


def version_of(workflow: Definition) -> WorkflowVersion:
    """The row of this definition of the workflow, written when it is first seen."""
    known = WorkflowVersion.objects.filter(
        workflow_id=workflow.id, fingerprint=workflow.fingerprint
    ).first()
    return known or _write(workflow)


def _write(workflow: Definition) -> WorkflowVersion:
    Workflow.objects.update_or_create(
        id=workflow.id,
        defaults={
            "description": workflow.description,
            "metadata": workflow.metadata,
            "available": True,
        },
    )
    version, _ = WorkflowVersion.objects.get_or_create(
        workflow_id=workflow.id,
        fingerprint=workflow.fingerprint,
        defaults={"graph": workflow.serialized_step_graph},
    )
    return version
