"""What the calls that make a run go have in common: three ways to answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request

from runs import operations
from runs.api.bodies import Query, RunQuery
from runs.api.continuation import AT_FINISH, Outcome, Refusal, Stream
from runs.api.view import RunsView, message
from runs.exceptions import InvalidInput, InvalidRequestContext, RunsError
from runs.models import Run
from runs.worker.stream import RunStream

Json = Any
logger = logging.getLogger("runs.api")


class GoingView(RunsView):
    #: The permission that the call needs.
    needs: ClassVar[str]

    def go(self, run: Run, body: Any) -> int:
        """What the call is about; returns the number of the first event of what it began."""
        raise NotImplementedError

    def read(self, request: Request) -> tuple[Any, Any]:
        self.caller.require(self.needs)
        return super().read(request)

    def quietly(self, what: str, call: Callable[[], object]) -> None:
        """Do it; why it cannot be done goes to the log. So these calls were always answered."""
        try:
            with self.caller.acting():
                call()
        except RunsError as error:
            logger.warning("A run was not %s: %s", what, error)

    def outcome(self, request: Request, run: Run) -> HttpResponseBase:
        """Answer with what the attempt that has just begun comes to."""
        number = run.attempt

        def read() -> Json:
            return self.shown(operations.outcome_now(run, number).to_wire())

        return self.go_on(request, Outcome([run.pk], read))

    def stream(
        self, request: Request, run: Run, call: Callable[[], int], until: str = AT_FINISH
    ) -> HttpResponseBase:
        """Do it, and answer with the events that follow; data that do not fit are an event, too."""
        try:
            with self.caller.acting():
                offset = call()
        except (InvalidInput, InvalidRequestContext) as error:
            told = list(RunStream(run, 0, refused=error))
            return self.go_on(request, Refusal(self.shown(told)))
        return self.follow(request, run, offset, until)

    def follow(self, request: Request, run: Run, offset: int, until: str) -> HttpResponseBase:
        shows = self.caller.may("view_payload")
        return self.go_on(request, Stream(run.pk, offset, until, shows))


class AtOnce(GoingView):
    """Answers before anything has happened; what cannot be is only logged."""

    query: ClassVar[type[Query]] = RunQuery
    answer = "Message"
    errors: ClassVar[tuple[int, ...]] = (404,)
    #: What was not done to the run, for the log, and what is answered anyway.
    deed: ClassVar[str]
    says: ClassVar[str]

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        self.quietly(self.deed, lambda: self.go(run, body))
        return self.answered(run)

    def answered(self, run: Run) -> HttpResponseBase:
        return message(self.says)


class Awaiting(GoingView):
    """Answers when nobody works on the run any more."""

    query: ClassVar[type[Query]] = RunQuery
    answer = "Result"
    errors: ClassVar[tuple[int, ...]] = (404, 409, 413, 503)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        with self.caller.acting():
            self.go(run, body)
        return self.outcome(request, run)


class Streaming(GoingView):
    """Answers with the events from now on."""

    query: ClassVar[type[Query]] = RunQuery
    answer = "Stream"
    errors: ClassVar[tuple[int, ...]] = (404, 409, 413)

    def post(self, request: Request, workflow_id: str) -> HttpResponseBase:
        query, body = self.read(request)
        run = self.find_run(workflow_id, query.run_id)
        return self.stream(request, run, lambda: self.go(run, body))
