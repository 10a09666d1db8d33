"""Starting a run: without waiting, awaiting its outcome, or with a stream of what happens."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from runs import operations
from runs.api.bodies import NewRunQuery, ObserveQuery, Query, RunQuery, Shape, StartBody, StreamBody
from runs.api.continuation import AT_END, AT_FINISH, AT_REST
from runs.api.going import GoingView
from runs.api.making import key_of, make_run
from runs.api.view import message
from runs.engine.journal import FINAL
from runs.exceptions import Conflict
from runs.models import Run


def arguments(body: StartBody, key: str | None) -> dict[str, Any]:
    return {
        "input_data": body.input_data,
        "initial_state": body.initial_state,
        "request_context": body.request_context,
        "per_step": bool(body.per_step),
        "idempotency_key": key,
    }


class StartingView(GoingView):
    needs = "start_run"
    query: ClassVar[type[Query]] = RunQuery
    body: ClassVar[type[Shape]] = StartBody


class StartView(StartingView):
    """Answers at once. A start that cannot be is only logged: look at the run."""

    summary = "Start a run"
    answer = "Message"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def post(self, request: Request, workflow_id: str) -> Response:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        given = arguments(body, key_of(request, self.caller))
        self.quietly("started", lambda: run.start_async(**given))
        return message("Workflow run started")


class StartAsyncView(StartingView):
    """Waits for the outcome. A run that fails is an outcome, too: its `status` says so.

    Starts a finished run again, as a new attempt. Without `runId` a new run is made.
    """

    summary = "Start a run and await its outcome"
    query: ClassVar[type[Query]] = NewRunQuery
    answer = "Result"
    errors: ClassVar[tuple[int, ...]] = (404, 409, 413, 503)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        workflow = self.find_workflow(workflow_id)
        operations.check_start(workflow, body.input_data, body.initial_state, body.request_context)
        key = key_of(request, self.caller)
        with transaction.atomic(), self.caller.acting():
            run = make_run(
                self.caller, workflow, run_id=query.run_id, resource_id=body.resource_id, key=key
            )
            run.start_async(**arguments(body, key))
        return self.outcome(request, run)


class StreamView(StartingView):
    """Starts a run and streams its events, each followed by the byte 0x1E, until it rests.

    With `closeOnSuspend: false` the stream stays open while the run is suspended.
    """

    summary = "Start a run and stream its events"
    body: ClassVar[type[Shape]] = StreamBody
    answer = "Stream"
    errors: ClassVar[tuple[int, ...]] = (404, 409, 413)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        key = key_of(request, self.caller)
        run = make_run(
            self.caller,
            self.find_workflow(workflow_id),
            run_id=query.run_id,
            resource_id=body.resource_id,
            key=key,
        )
        if key is None:
            check_unfinished(run)
        until = AT_END if body.close_on_suspend is False else AT_FINISH
        return self.stream(request, run, lambda: run.start_async(**arguments(body, key)), until)


def check_unfinished(run: Run) -> None:
    if run.status in FINAL:
        raise Conflict(
            f'Workflow run {run.run_id} already finished with status "{run.status}". '
            "Use /observe to read its stream back, or stream a new runId."
        )


class ObserveView(GoingView):
    """Replays all events of a run from number `offset` on, then goes on live until it rests."""

    summary = "Observe a run"
    needs = "view_run"
    query: ClassVar[type[Query]] = ObserveQuery
    answer = "Stream"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, _ = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        return self.follow(request, run, query.offset or 0, AT_REST)
