"""What Mastra's Studio asks beside workflows: there is none of it, and these routes say so.

Without them Studio works all the same, but for the first; its console would be full of complaints.
"""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.view import RunsView

Json = Any


class CapabilitiesView(RunsView):
    """Nobody signs in through Studio: it sends a token, or the API is public."""

    def perform_authentication(self, request: Request) -> None:
        """Anybody may ask: Studio does before it knows of a token."""

    def get(self, request: Request) -> Response:
        return Response({"enabled": False, "login": None})


class NothingView(RunsView):
    """A list of things that do not exist here."""

    shows: Json = None

    def get(self, request: Request) -> Response:
        return Response(self.shows)


_NOTHING: dict[str, Json] = {
    "agents": {},
    "tools": {},
    "processors": {},
    "scores/scorers": {},
    "workspaces": {"workspaces": []},
    "mcp/v0/servers": {"servers": [], "total_count": 0, "next": None},
    "system/packages": {
        "packages": [],
        "isDev": False,
        "cmsEnabled": False,
        "observabilityEnabled": False,
        "storageType": "Django",
    },
    "observability/feedback": {
        "feedback": [],
        "pagination": {"total": 0, "page": 0, "perPage": 1, "hasMore": False},
    },
    "experiments/review-summary": {"counts": []},
    "editor/builder/settings": {"enabled": False, "modelPolicy": {"active": False}},
}

urlpatterns: list[URLPattern] = [
    path("auth/capabilities", CapabilitiesView.as_view(schema=None)),
    *(
        path(name, NothingView.as_view(schema=None, shows=shows))
        for name, shows in _NOTHING.items()
    ),
]
