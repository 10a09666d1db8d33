"""Running again from a step on."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.bodies import Query, RunQuery, Shape, TimeTravelBody
from runs.api.going import GoingView
from runs.api.view import message


def arguments(body: TimeTravelBody) -> dict[str, Any]:
    return {
        "step": body.step,
        "input_data": body.input_data,
        "resume_data": body.resume_data,
        "initial_state": body.initial_state,
        "context": body.context,
        "nested_steps_context": body.nested_steps_context,
        "request_context": body.request_context,
        "per_step": bool(body.per_step),
    }


class TravelingView(GoingView):
    needs = "time_travel_run"
    query: ClassVar[type[Query]] = RunQuery
    body: ClassVar[type[Shape]] = TimeTravelBody


class TimeTravelView(TravelingView):
    """Answers at once. A trip that cannot be is only logged: look at the run."""

    summary = "Run again from a step on"
    answer = "Message"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def post(self, request: Request, workflow_id: str) -> Response:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        self.quietly("taken back", lambda: run.time_travel_async(**arguments(body)))
        return message("Workflow run time travel started")


class TimeTravelAsyncView(TravelingView):
    """Makes a new attempt, waits for its outcome. Older attempts stay readable."""

    summary = "Run again from a step on and await the outcome"
    answer = "Result"
    errors: ClassVar[tuple[int, ...]] = (404, 409, 413, 503)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        with self.caller.acting():
            run.time_travel_async(**arguments(body))
        return self.outcome(request, run)


class TimeTravelStreamView(TravelingView):
    """Streams what happens from the step on."""

    summary = "Run again from a step on and stream its events"
    answer = "Stream"
    errors: ClassVar[tuple[int, ...]] = (404, 409, 413)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        return self.stream(request, run, lambda: run.time_travel_async(**arguments(body)))
