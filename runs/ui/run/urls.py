"""The addresses of a run: its page, what a script asks for, and what is done to it."""

from __future__ import annotations

from urllib.parse import unquote

from django.urls import path, register_converter

from runs.ui.run import actions, views


class RunIdConverter:
    """Clients choose run ids, so one may hold a slash or be two dots: those travel escaped."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return unquote(value)

    def to_url(self, value: str) -> str:
        escaped = value.replace("%", "%25").replace("/", "%2F")
        return escaped.replace(".", "%2E") if set(value) == {"."} else escaped


register_converter(RunIdConverter, "run_id")

_RUN = "runs/<str:workflow_id>/<run_id:run_id>/"

urlpatterns = [
    path(_RUN, views.run, name="run"),
    path(f"{_RUN}live/", views.live, name="run-live"),
    path(f"{_RUN}events/", views.events, name="run-events"),
    path(f"{_RUN}value/<str:name>/", views.value, name="run-value"),
    path(f"{_RUN}diff/", views.compare, name="run-diff"),
    path(f"{_RUN}answer/", actions.answer, name="run-answer"),
    path(f"{_RUN}cancel/", actions.cancel, name="run-cancel"),
    path(f"{_RUN}restart/", actions.restart, name="run-restart"),
    path(f"{_RUN}travel/", actions.travel, name="run-travel"),
    path(f"{_RUN}delete/", actions.delete, name="run-delete"),
]
