"""The Content-Security-Policy: only what this site serves runs, loads or frames anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


def secured(response: HttpResponseBase) -> HttpResponseBase:
    """The response with the policy, unless its view has set one of its own."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    return response


class ContentSecurityPolicy:
    """Middleware that gives every response the policy; a view may set another one itself."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if iscoroutinefunction(self.get_response):
            return self._answer(request)
        return secured(self.get_response(request))

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        return secured(await self.get_response(request))
