"""Making a run for a caller, or finding the one that it has made before."""

from __future__ import annotations

from rest_framework.request import Request

from runs.access import Caller
from runs.definition.workflow import Workflow
from runs.exceptions import RequestError, RunNotFound
from runs.models import Run

HEADER = "idempotency-key"


def key_of(request: Request, caller: Caller) -> str | None:
    """The request's idempotency key. Those of one tenant mean nothing to another."""
    key = request.headers.get(HEADER)
    if key == "":
        raise RequestError("The header Idempotency-Key is empty")
    return None if key is None else caller.own_key(key)


def make_run(
    caller: Caller,
    workflow: Workflow,
    *,
    run_id: str | None,
    resource_id: str | None,
    key: str | None,
) -> Run:
    """The run of that id or key; a new one if there is none. Stored ones stay as they are."""
    if run_id is not None:
        known = Run.objects.filter(workflow_id=workflow.id, run_id=run_id).first()
        if known is not None and not caller.sees(known):
            raise RunNotFound
        if known is not None and key is None:
            return known
    caller.require("start_run")
    resource_id = caller.resource_for(resource_id)
    with caller.acting():
        run = workflow.create_run(run_id=run_id, resource_id=resource_id, idempotency_key=key)
    if not caller.sees(run):  # made by somebody else this very moment
        raise RunNotFound
    return run
