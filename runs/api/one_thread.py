"""Middleware that has nothing to do, and by that saves a request most of its changes of thread.

Django's own middleware, called from an event loop, goes to the request's thread and back for each
of its halves. This one works in threads only, so when it stands last, all that stand before it, up
to one that works on the loop only, are called in the request's thread, one by the other.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneThread:
    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)
