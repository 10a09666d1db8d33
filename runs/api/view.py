"""What all routes have in common: who calls, what was sent, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import orjson
from django.http import HttpResponseBase
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runs.access import Caller, without_payloads
from runs.api import bodies, errors
from runs.api.authentication import BearerAuthentication, CallerThrottle, caller_of
from runs.api.bodies import NoBody, Query, Shape
from runs.api.continuation import Continuation
from runs.api.reading import read_json
from runs.api.schema import RunsSchema
from runs.conf import conf
from runs.definition import registry
from runs.definition.workflow import Workflow
from runs.models import Run

Json = Any
#: Where a view leaves what is to be done after Django's part of a request; see ``api.asgi``.
CONTINUATION, CONTINUES = "runs.continuation", "runs.continues"


class OrjsonRenderer(JSONRenderer):
    def render(self, data: Json, *args: Any, **kwargs: Any) -> bytes:
        return b"" if data is None else orjson.dumps(data)


class JsonAlways(BaseContentNegotiation):
    """Whatever a client says it accepts, it gets JSON: there is nothing else to be had."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, *args: Any) -> Any:
        return renderers[0], renderers[0].media_type


class RunsView(APIView):
    """A route. ``summary``, ``query``, ``body`` and ``answer`` also make the OpenAPI document.

    A method that differs says so: ``delete_summary``, ``post_body`` and so on.
    """

    renderer_classes = (OrjsonRenderer,)
    content_negotiation_class = JsonAlways
    permission_classes = ()
    throttle_classes = (CallerThrottle,)
    metadata_class = None
    schema = RunsSchema()

    tag: ClassVar[str] = "runs"
    summary: ClassVar[str] = ""
    query: ClassVar[type[Query]] = Query
    body: ClassVar[type[Shape]] = NoBody
    #: The answer's name in ``api.answers``.
    answer: ClassVar[str] = ""
    #: Statuses, beside those that every route has, that the route answers mistakes with.
    errors: ClassVar[tuple[int, ...]] = ()

    caller: Caller

    def get_authenticators(self) -> list[BaseAuthentication]:
        """A public API takes no notice of sessions, so nothing can be done in a session's name."""
        bearer = BearerAuthentication()
        return [bearer] if conf.API_PUBLIC else [bearer, SessionAuthentication()]

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        self.caller = caller_of(request)

    def get_exception_handler(self) -> Callable[..., Response]:
        return errors.answer_error

    # --- for routes ---------------------------------------------------------------------------

    def said(self, name: str, method: str) -> Any:
        """What the route says about itself: ``post_body`` comes before ``body``, and so on."""
        return getattr(self, f"{method.lower()}_{name}", getattr(self, name))

    def read(self, request: Request) -> tuple[Any, Any]:
        """The query and the body, checked."""
        method = str(request.method)
        query = bodies.read_query(self.said("query", method), request.query_params.dict())
        body = self.said("body", method)
        return query, NoBody() if body is NoBody else bodies.read_body(body, read_json(request))

    def find_workflow(self, workflow_id: str) -> Workflow:
        return registry.get_workflow(workflow_id)

    def find_run(self, workflow_id: str, run_id: str) -> Run:
        """The run, if workflow and run exist and the caller sees it."""
        self.find_workflow(workflow_id)
        return self.caller.find_run(workflow_id, run_id)

    def shown(self, value: Json) -> Json:
        """What the caller may see of it."""
        return value if self.caller.may("view_payload") else without_payloads(value)

    def go_on(self, request: Request, continuation: Continuation) -> HttpResponseBase:
        """Answer with what takes its time: after this request where the server can, else here."""
        scope = getattr(request._request, "scope", {})
        if not scope.get(CONTINUES):
            return continuation.blocking()
        scope[CONTINUATION] = continuation
        return Response(None)


def message(text: str) -> Response:
    return Response({"message": text})
