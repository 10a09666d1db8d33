"""What the websockets say, as text. ``docs/reference/websocket.md`` is their description."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from django.utils import timezone

from runs.access import without_payloads
from runs.conf import conf
from runs.models import Run
from runs.models.fields import from_ms
from runs.operations import Because
from runs.operations.reads import iso
from runs.store.news import Cursor, Told
from runs.streams.digest import Changes
from runs.streams.states import State

Json = Any
#: The text of an event, made once for all who follow: with payloads, and without.
_texts: tuple[WeakKeyDictionary[Told, str], ...] = (WeakKeyDictionary(), WeakKeyDictionary())


def text(**message: Json) -> str:
    return orjson.dumps(message).decode()


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _now() -> str:
    return iso(timezone.now())


# --- one run ----------------------------------------------------------------------------------


def hello(state: State) -> str:
    return text(
        type="hello",
        runId=state.run_id,
        workflowId=state.workflow_id,
        resourceId=state.resource_id,
        status=state.status,
        attempt=state.attempt,
        next=state.next,
        time=_now(),
        heartbeatSeconds=conf.STREAM_HEARTBEAT_SECONDS,
    )


def event(told: Told, *, payload: bool) -> str:
    texts = _texts[payload]
    made = texts.get(told)
    if made is None:
        shown = told.event if payload else without_payloads(told.event)
        made = texts[told] = text(
            type="event",
            seq=told.seq,
            attempt=told.attempt,
            at=_time(from_ms(told.at)),
            path=told.path,
            event=shown,
        )
    return made


def status(state: State) -> str:
    return text(
        type="status",
        status=state.status,
        attempt=state.attempt,
        next=state.next,
        because=_because(state.because),
        startedAt=_time(state.started_at),
        endedAt=_time(state.ended_at),
        time=_now(),
    )


def _because(because: Because) -> Json:
    return {
        "text": because.text,
        "step": because.step,
        "since": _time(because.since),
        "until": _time(because.until),
    }


# --- a list -----------------------------------------------------------------------------------


def list_hello(changes: Changes, *, since: Cursor | None) -> str:
    """What comes after it begins at ``since``; so whoever hears only this misses nothing."""
    return text(
        type="hello",
        cursor=str(since or changes.cursor),
        counts=changes.counts,
        time=_now(),
        heartbeatSeconds=conf.STREAM_HEARTBEAT_SECONDS,
    )


def digest(changes: Changes, statuses: Collection[str]) -> str:
    if changes.runs is None:
        return text(type="reload", cursor=str(changes.cursor), time=_now())
    return text(
        type="digest",
        cursor=str(changes.cursor),
        runs=[_row(run, because, statuses) for run, because in changes.runs],
        counts=changes.counts,
        time=_now(),
    )


def _row(run: Run, because: Because, statuses: Collection[str]) -> Json:
    return {
        "runId": run.run_id,
        "workflowId": run.workflow_id,
        "resourceId": run.resource_id,
        "status": run.status,
        "matches": not statuses or run.status in statuses,
        "attempt": run.attempt,
        "because": _because(because),
        "createdAt": _time(run.created_at),
        "startedAt": _time(run.started_at),
        "updatedAt": _time(run.updated_at),
        "endedAt": _time(run.ended_at),
    }


# --- both -------------------------------------------------------------------------------------


def heartbeat(**place: Json) -> str:
    return text(type="heartbeat", **place, time=_now())


def goodbye(code: int, reason: str, **more: Json) -> str:
    return text(type="goodbye", code=code, reason=reason, **more)
