"""What workflows there are, and how many of their runs go on."""

from __future__ import annotations

from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from django.db.models import Count
from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.bodies import Query, WorkflowsQuery
from runs.api.view import RunsView
from runs.definition import registry
from runs.definition.graph import workflow_info
from runs.definition.workflow import Workflow
from runs.engine.journal import Status
from runs.models import Run

Json = Any
#: Definitions do not change, so what is told of them is put together once.
_infos: WeakKeyDictionary[Workflow, dict[bool, dict[str, Json]]] = WeakKeyDictionary()
COUNTED = (Status.RUNNING.value, Status.SUSPENDED.value)


def info_of(workflow: Workflow, *, partial: bool = False) -> dict[str, Json]:
    known = _infos.setdefault(workflow, {})
    if partial not in known:
        known[partial] = workflow_info(workflow, partial=partial)
    return known[partial]


class WorkflowsView(RunsView):
    """All workflows by id. With `partial=true` without steps and schemas."""

    tag = "workflows"
    summary = "List workflows"
    query: ClassVar[type[Query]] = WorkflowsQuery
    answer = "Workflows"

    def get(self, request: Request) -> Response:
        self.caller.require("view_workflow")
        query, _ = self.read(request)
        partial = query.partial == "true"
        found = registry.all_workflows()
        return Response({id: info_of(known, partial=partial) for id, known in found.items()})


class WorkflowView(RunsView):
    """What a client needs to show a workflow and to ask for its input."""

    tag = "workflows"
    summary = "Describe a workflow"
    answer = "Workflow"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def get(self, request: Request, workflow_id: str) -> Response:
        self.caller.require("view_workflow")
        return Response(info_of(self.find_workflow(workflow_id)))


class RunCountsView(RunsView):
    """How many runs of each workflow are running and suspended now."""

    tag = "workflows"
    summary = "Count active runs"
    answer = "RunCounts"

    def get(self, request: Request) -> Response:
        self.caller.require("view_run")
        counts = {id: dict.fromkeys(COUNTED, 0) for id in registry.all_workflows()}
        # By workflow, too, so that the index of each finds them: most runs are neither.
        runs = self.caller.visible(
            Run.objects.filter(workflow_id__in=list(counts), status__in=COUNTED)
        )
        found = runs.order_by().values("workflow_id", "status").annotate(count=Count("pk"))
        for workflow_id, status, count in found.values_list("workflow_id", "status", "count"):
            counts[workflow_id][status] = count
        return Response(counts)
