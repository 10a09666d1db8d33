"""Django's ASGI application, which calls middleware and view in one go in the request's thread.

Django's own goes from the event loop to that thread and back for each half of each piece that works
in threads only: the view, its CSRF check, most middleware. Each change of thread waits for whoever
has the interpreter, so together they cost more than the work in between. Middleware that works
on an event loop only is called there even so.
"""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneThread(ASGIHandler):
    def load_middleware(self, is_async: bool = False) -> None:
        """Have it call each other as under WSGI, whatever kind of handler this is."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)
