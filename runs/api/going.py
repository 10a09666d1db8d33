"""What the calls that make a run go have in common: three ways to answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request

from runs import operations
from runs.api.continuation import AT_FINISH, Outcome, Refusal, Stream
from runs.api.view import RunsView
from runs.exceptions import InvalidInput, InvalidRequestContext, RunsError
from runs.models import Run
from runs.worker.stream import RunStream

Json = Any
logger = logging.getLogger("runs.api")


class GoingView(RunsView):
    #: The permission that the call needs.
    needs: ClassVar[str]

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
            run.refresh_from_db()
            return self.shown(operations.attempt_outcome(run, number).to_wire())

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
