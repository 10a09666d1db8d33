"""CORS, with any request header that a page of an allowed origin wants to send."""

from __future__ import annotations

from corsheaders.middleware import ACCESS_CONTROL_ALLOW_HEADERS, CorsMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class EchoingCors(CorsMiddleware):
    """Clients may be configured with headers of their own; naming them all is not ours to do."""

    def add_response_headers(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response = super().add_response_headers(request, response)
        asked = request.headers.get("access-control-request-headers")
        if asked and ACCESS_CONTROL_ALLOW_HEADERS in response:
            response[ACCESS_CONTROL_ALLOW_HEADERS] = asked
        return response
