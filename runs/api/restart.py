"""Going on with runs whose process died."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from runs import operations
from runs.api.bodies import Query, RestartBody, RunQuery, Shape
from runs.api.continuation import Outcome
from runs.api.going import GoingView, logger
from runs.api.view import message
from runs.exceptions import RunsError
from runs.models import Run

ALL_RESTARTED = "All active workflow runs restarted"


class RestartingView(GoingView):
    needs = "restart_run"
    query: ClassVar[type[Query]] = RunQuery
    body: ClassVar[type[Shape]] = RestartBody


class RestartView(RestartingView):
    """Answers at once. A restart that cannot be is only logged: look at the run."""

    summary = "Restart a run"
    answer = "Message"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def post(self, request: Request, workflow_id: str) -> Response:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        context = body.request_context
        self.quietly("restarted", lambda: run.restart_async(request_context=context))
        return message("Workflow run restarted")


class RestartAsyncView(RestartingView):
    """Waits for the outcome. Recorded steps do not run again; a finished run answers at once."""

    summary = "Restart a run and await its outcome"
    answer = "Result"
    errors: ClassVar[tuple[int, ...]] = (404, 409, 503)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        with self.caller.acting():
            begun = run.restart_async(request_context=body.request_context)
        if begun is None:
            return Response(self.shown(operations.recorded(run).to_wire()))
        return self.outcome(request, run)


class RestartAllView(GoingView):
    """Restarts every active run of a workflow that nobody works on, and answers at once."""

    summary = "Restart all runs whose process died"
    needs = "restart_run"
    answer = "Message"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        self.read(request)
        self.restart_all(workflow_id)
        return message(ALL_RESTARTED)

    def restart_all(self, workflow_id: str) -> list[int]:
        """Those that were restarted."""
        self.find_workflow(workflow_id)
        active = Run.objects.active().filter(workflow_id=workflow_id)
        return [run.pk for run in self.caller.visible(active) if self.restarted(run)]

    def restarted(self, run: Run) -> bool:
        try:
            with self.caller.acting():
                return run.restart_async() is not None
        except RunsError as error:
            logger.info("Run %s was not restarted: %s", run, error)
            return False


class RestartAllAsyncView(RestartAllView):
    """The same, but it waits until all of them have come to rest."""

    summary = "Restart all runs whose process died and await their ends"
    errors: ClassVar[tuple[int, ...]] = (404, 503)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        self.read(request)
        begun = self.restart_all(workflow_id)
        return self.go_on(request, Outcome(begun, lambda: {"message": ALL_RESTARTED}))
