"""Answering a suspended run."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.bodies import Query, ResumeBody, RunQuery, Shape
from runs.api.going import GoingView
from runs.api.view import message


def arguments(body: ResumeBody) -> dict[str, Any]:
    return {
        "resume_data": body.resume_data,
        "step": body.step,
        "for_each_index": body.for_each_index,
        "request_context": body.request_context,
        "per_step": bool(body.per_step),
    }


class ResumingView(GoingView):
    needs = "resume_run"
    query: ClassVar[type[Query]] = RunQuery
    body: ClassVar[type[Shape]] = ResumeBody


class ResumeView(ResumingView):
    """Answers at once. A resume that cannot be is only logged: look at the run."""

    summary = "Resume a run"
    answer = "Message"
    errors: ClassVar[tuple[int, ...]] = (404,)

    def post(self, request: Request, workflow_id: str) -> Response:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        self.quietly("resumed", lambda: run.resume_async(**arguments(body)))
        return message("Workflow run resumed")


class ResumeNoWaitView(ResumeView):
    """The same, but it answers with the run's id."""

    summary = "Resume a run (other answer)"
    answer = "RunId"

    def post(self, request: Request, workflow_id: str) -> Response:
        super().post(request, workflow_id)
        return Response({"runId": request.query_params["runId"]})


class ResumeAsyncView(ResumingView):
    """Waits for the outcome. Of several callers exactly one resumes a suspension."""

    summary = "Resume a run and await its outcome"
    answer = "Result"
    errors: ClassVar[tuple[int, ...]] = (404, 409, 413, 503)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        with self.caller.acting():
            run.resume_async(**arguments(body))
        return self.outcome(request, run)


class ResumeStreamView(ResumingView):
    """Streams what happens from the answer on."""

    summary = "Resume a run and stream its events"
    answer = "Stream"
    errors: ClassVar[tuple[int, ...]] = (404, 409, 413)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        return self.stream(request, run, lambda: run.resume_async(**arguments(body)))
