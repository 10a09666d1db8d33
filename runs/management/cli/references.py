"""From what was typed to the workflow or run that is meant."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.models import Q

from runs.definition import Workflow
from runs.definition.registry import all_workflows
from runs.management.cli.exits import bad_call
from runs.models import Run

_SHOWN = 10


def find_workflow(workflow_id: str) -> Workflow:
    workflows = all_workflows()
    if workflow_id in workflows:
        return workflows[workflow_id]
    known = ", ".join(sorted(workflows)) or "none: no installed app defines one"
    raise bad_call(f"Workflow not found: {workflow_id}. The workflows are: {known}.")


def known_workflow_id(workflow_id: str) -> str:
    """Accept also the id of a workflow that was there once and has left its runs."""
    if Run.objects.filter(workflow=workflow_id).exists():
        return workflow_id
    return find_workflow(workflow_id).id


def definition_of(run: Run) -> Workflow | None:
    """The workflow of a run, unless the code no longer defines it."""
    return all_workflows().get(run.workflow_id)


def find_run(reference: str) -> Run:
    """Find a run by ``workflow/run``, by its id, or by an unmistakable beginning of either."""
    workflow_id, slash, rest = reference.partition("/")
    for lookup in ("run_id", "run_id__startswith"):
        wanted = Q(**{lookup: reference})
        if slash and rest:
            wanted |= Q(workflow_id=workflow_id, **{lookup: rest})
        found = list(Run.objects.filter(wanted)[: _SHOWN + 1])
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(reference, found)
    raise bad_call(f"Workflow run not found: {reference}")


def _ambiguous(reference: str, found: list[Run]) -> CommandError:
    names = [f"  {run}" for run in found[:_SHOWN]]
    if len(found) > _SHOWN:
        names.append("  ...")
    return bad_call("\n".join([f"{reference} may be any of these runs:", *names]))
