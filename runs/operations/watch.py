"""Watching a run that this process drives, in the shape of Mastra's ``watch``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runs.engine import events
from runs.models import Run
from runs.worker import feed

Json = Any


def watch(run: Run, callback: Callable[[dict[str, Json]], None]) -> Callable[[], None]:
    """See ``Run.watch``."""

    def tell(_: int, event: dict[str, Json]) -> None:
        for shown in _watched(event):
            callback(shown)

    return feed.subscribe(run.pk, tell)


def _watched(event: dict[str, Json]) -> list[dict[str, Json]]:
    if event["type"] in (events.START, events.FINISH):
        return []
    if not event["type"].startswith("workflow-"):
        # A chunk of a body, as it was given; only streams make it look like their own events.
        bare = {name: value for name, value in event.items() if name not in ("runId", "from")}
        return [event if event.get("from") != "WORKFLOW" else bare]
    members = ("type", "payload", "from", "runId")
    shown: dict[str, Json] = {name: event[name] for name in members if name in event}
    if event.get("from") == "WORKFLOW":
        payload = {name: value for name, value in event["payload"].items() if name != "stepName"}
        shown = {"type": event["type"], "payload": payload}
    if event["type"] != events.STEP_RESULT:
        return [shown]
    about = {name: payload[name] for name in ("id", "stepCallId") if name in payload}
    return [shown, {"type": events.STEP_FINISH, "payload": about | {"metadata": {}}}]
