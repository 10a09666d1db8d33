"""From an exception to the answer that clients know."""

from __future__ import annotations

import logging
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as drf
from rest_framework.response import Response

from runs.conf import conf
from runs.exceptions import RequestError, RunsError

logger = logging.getLogger("runs.api")


class InvalidRequest(RequestError):
    """A body or query of a wrong shape; ``issues`` says where, and what."""

    code = "invalid_request"

    def __init__(self, what: str, issues: dict[str, str]) -> None:
        super().__init__(what)
        self.issues = [{"field": field, "message": text} for field, text in issues.items()]


class BodyTooLarge(RequestError):
    """The request body is larger than RUNS_MAX_BODY_BYTES."""

    code = "body_too_large"
    status = 413

    def __init__(self) -> None:
        super().__init__(f"The request body is larger than {conf.MAX_BODY_BYTES} bytes")


def answer_error(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to a request that failed. What nobody foresaw is logged, and told to nobody."""
    if isinstance(error, RunsError):
        return Response(body_of(error), status=error.status)
    if isinstance(error, drf.APIException):
        return _of_framework(error)
    if isinstance(error, OperationalError):
        logger.error("The database did not answer: %s", error)
        return Response({"error": "The database does not answer"}, status=503)
    request = context.get("request")
    path = "?" if request is None else request.path
    logger.error("%s failed", path, exc_info=error)
    return Response({"error": "Internal server error"}, status=500)


def body_of(error: RunsError) -> dict[str, Any]:
    """An error as JSON: a text for people, and a code for programs."""
    shown: dict[str, Any] = {"error": error.message, "code": error.code}
    if isinstance(error, InvalidRequest):
        return {"error": error.message, "issues": error.issues}
    return shown


def _of_framework(error: drf.APIException) -> Response:
    headers = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(round(wait))
    return Response({"error": str(error.detail)}, status=error.status_code, headers=headers)


@csrf_exempt
def no_route(request: HttpRequest) -> HttpResponse:
    return HttpResponse("404 Not Found", status=404, content_type="text/plain")
