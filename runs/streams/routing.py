"""Where the websockets are."""

from __future__ import annotations

from typing import Any, cast

from channels.routing import URLRouter
from django.urls import path, re_path

from runs.streams.consumers import ListSocket, RunSocket
from runs.streams.doors import Scope
from runs.streams.outlet import Send
from runs.streams.socket import Receive


async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse an address that nothing is at."""
    await receive()
    await send({"type": "websocket.close"})


websockets = URLRouter(
    [
        path("ws/runs/", ListSocket.as_asgi()),
        # A run id may hold slashes; those of a path come unescaped.
        path("ws/runs/<str:workflow_id>/<path:run_id>/", RunSocket.as_asgi()),
        re_path(r"", cast(Any, nowhere)),
    ]
)
