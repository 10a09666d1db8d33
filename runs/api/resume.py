"""Answering a suspended run."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpResponseBase
from rest_framework.response import Response

from runs.api.bodies import ResumeBody, Shape
from runs.api.going import AtOnce, Awaiting, GoingView, Streaming
from runs.models import Run


class ResumingView(GoingView):
    needs = "resume_run"
    body: ClassVar[type[Shape]] = ResumeBody

    def go(self, run: Run, body: ResumeBody) -> int:
        return run.resume_async(
            resume_data=body.resume_data,
            step=body.step,
            for_each_index=body.for_each_index,
            request_context=body.request_context,
            per_step=bool(body.per_step),
        )


class ResumeView(ResumingView, AtOnce):
    """Answers at once. A resume that cannot be is only logged: look at the run."""

    summary = "Resume a run"
    deed, says = "resumed", "Workflow run resumed"


class ResumeNoWaitView(ResumeView):
    """The same, but it answers with the run's id."""

    summary = "Resume a run (other answer)"
    answer = "RunId"

    def answered(self, run: Run) -> HttpResponseBase:
        return Response({"runId": run.run_id})


class ResumeAsyncView(ResumingView, Awaiting):
    """Waits for the outcome. Of several callers exactly one resumes a suspension."""

    summary = "Resume a run and await its outcome"


class ResumeStreamView(ResumingView, Streaming):
    """Streams what happens from the answer on."""

    summary = "Resume a run and stream its events"
