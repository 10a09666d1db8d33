"""Runs: made, listed, looked at, canceled and deleted."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from runs import operations
from runs.api import listing, records
from runs.api.bodies import CreateBody, NewRunQuery, Query, RecordQuery, RunsQuery, Shape
from runs.api.making import key_of, make_run
from runs.api.view import RunsView, message

Json = Any


class CreateRunView(RunsView):
    """Stores a pending run. With the id of a run that exists it changes nothing.

    With the header `Idempotency-Key` a repeated call answers with the run of the first.
    """

    summary = "Create a run"
    query: ClassVar[type[Query]] = NewRunQuery
    body: ClassVar[type[Shape]] = CreateBody
    answer = "RunId"
    errors: ClassVar[tuple[int, ...]] = (404, 409)

    def post(self, request: Request, workflow_id: str) -> Response:
        if not self.caller.may("start_run"):
            self.caller.require("view_run")  # enough to take up a run that exists
        query, body = self.read(request)
        workflow = self.find_workflow(workflow_id)
        run = make_run(
            self.caller,
            workflow,
            run_id=query.run_id,
            resource_id=body.resource_id,
            key=key_of(request, self.caller),
        )
        return Response({"runId": run.run_id})


class RunsListView(RunsView):
    """Runs of a workflow, newest first. `total` counts all that match."""

    summary = "List runs"
    query: ClassVar[type[Query]] = RunsQuery
    answer = "Runs"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def get(self, request: Request, workflow_id: str) -> Response:
        self.caller.require("view_run")
        query, _ = self.read(request)
        page = listing.page_of(query)
        workflow = self.find_workflow(workflow_id)
        return Response(self.shown(listing.list_runs(self.caller, workflow, query, page)))


class RunView(RunsView):
    """A run with all its steps; those of nested workflows under dotted ids."""

    summary = "Show a run"
    query: ClassVar[type[Query]] = RecordQuery
    answer = "Run"
    errors: ClassVar[tuple[int, ...]] = (404,)
    delete_summary = "Delete a run"
    delete_query: ClassVar[type[Query]] = Query
    delete_answer = "Message"

    def get(self, request: Request, workflow_id: str, run_id: str) -> Response:
        self.caller.require("view_run")
        query, _ = self.read(request)
        run = self.find_run(workflow_id, run_id)
        return Response(self.shown(records.record_of(run, query)))

    def delete(self, request: Request, workflow_id: str, run_id: str) -> Response:
        """Deletes a run with all it recorded."""
        self.caller.require("delete_run")
        run = self.find_run(workflow_id, run_id)
        with self.caller.acting():
            operations.delete_workflow_run_by_id(self.find_workflow(workflow_id), run.run_id)
        return message("Workflow run deleted")


class CancelView(RunsView):
    """The run shows as canceled at once; nothing of it starts any more. A finished run stays as it
    is."""

    summary = "Cancel a run"
    answer = "Message"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def post(self, request: Request, workflow_id: str, run_id: str) -> Response:
        self.caller.require("cancel_run")
        run = self.find_run(workflow_id, run_id)
        with self.caller.acting():
            run.cancel()
        return message("Workflow run cancelled")
