"""Events: what a run tells the world, in the order in which it happened.

A stored :class:`Event` is thin: it names the entry it is about, and carries itself only what that
entry will not show for ever (a suspend payload, resume data, a chunk). :func:`wire` puts the two
together into the shape that Mastra's streams have; so a replay shows what the live stream showed.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from runs.engine import path as paths

if TYPE_CHECKING:
    from runs.engine.journal import Entry

START: Final = "workflow-start"
FINISH: Final = "workflow-finish"
CANCELED: Final = "workflow-canceled"
PAUSED: Final = "workflow-paused"
STEP_START: Final = "workflow-step-start"
STEP_RESULT: Final = "workflow-step-result"
STEP_FINISH: Final = "workflow-step-finish"
STEP_SUSPENDED: Final = "workflow-step-suspended"
STEP_WAITING: Final = "workflow-step-waiting"
STEP_PROGRESS: Final = "workflow-step-progress"
STEP_OUTPUT: Final = "workflow-step-output"
#: Marks a chunk of ``writer.custom`` in storage; on the wire it is the chunk itself.
CUSTOM: Final = "custom"
#: The same, to be passed on exactly as it was given.
CUSTOM_BARE: Final = "custom-bare"

#: Events about an entry, with that entry's record as their payload.
ABOUT_STEP = frozenset({STEP_START, STEP_RESULT, STEP_SUSPENDED, STEP_WAITING})

#: Counters a finish event has for the sake of clients; workflows here use no language models.
USAGE = {
    "inputTokens": 0,
    "outputTokens": 0,
    "totalTokens": 0,
    "cachedInputTokens": 0,
    "cacheCreationInputTokens": 0,
    "reasoningTokens": 0,
}


@dataclass(slots=True)
class Event:
    """One event; ``seq`` (from 0, without gaps) is given when it is stored."""

    type: str
    path: str
    attempt: int
    at: int
    own: dict[str, Any] = field(default_factory=dict)
    seq: int = -1


def wire(event: Event, run_id: str, entry: Entry | None, root: Entry | None) -> dict[str, Any]:
    """The event as Mastra's streams show it.

    ``entry`` is the one at the event's path, ``root`` the root entry of the same attempt.
    """
    if event.type in (CUSTOM, CUSTOM_BARE):
        return _custom(event, run_id)
    if event.type == STEP_OUTPUT:
        return _output(event, run_id)
    if event.type == START:
        payload = dict(event.own)
    elif event.type == FINISH:
        payload = _finish(event, root)
    elif entry is None or event.type in (CANCELED, PAUSED):
        payload = {}
    else:
        payload = _about(event, run_id, entry)
    return {"type": event.type, "runId": run_id, "from": "WORKFLOW", "payload": payload}


def entry_shown(event: Event) -> str | None:
    """The path of the entry that the event shows something of; None if of none."""
    if event.type in ABOUT_STEP or event.type == STEP_PROGRESS:
        return event.path
    return paths.ROOT if event.type == FINISH else None


def of_chunk(type_: str, own: dict[str, Any], *, starts: bool) -> tuple[str, dict[str, Any]]:
    """How a chunk is kept; only those of a start are made to look like the run's own events."""
    if not starts and type_ == CUSTOM:
        return CUSTOM_BARE, own
    if not starts and type_ == STEP_OUTPUT and "run" in own:
        return type_, own | {"bare": True}
    return type_, own


def _output(event: Event, run_id: str) -> dict[str, Any]:
    own = event.own
    inside = own.get("run", run_id)
    payload = {"output": own["output"], "runId": inside, "stepName": own["step"]}
    shown = inside if own.get("bare") else run_id
    return {"type": event.type, "runId": shown, "from": "USER", "payload": payload}


def _custom(event: Event, run_id: str) -> dict[str, Any]:
    chunk = dict(event.own)
    if event.type != CUSTOM:
        return chunk
    if "data" in chunk and "payload" not in chunk:
        return {"runId": run_id, "from": "WORKFLOW"} | chunk
    payload = {} if chunk.get("payload") is None else chunk["payload"]
    if isinstance(payload, dict) and "id" in payload:
        payload = {"stepName": payload["id"]} | payload
    return {"from": "WORKFLOW"} | chunk | {"runId": run_id, "payload": payload}


def _finish(event: Event, root: Entry | None) -> dict[str, Any]:
    payload: dict[str, Any] = {"metadata": {}, "output": {"usage": USAGE}} | event.own
    if payload["workflowStatus"] == "success" and root is not None and root.output is not None:
        payload["finalWorkflowResult"] = root.output
    return payload


def _about(event: Event, run_id: str, entry: Entry) -> dict[str, Any]:
    from runs.engine import records

    ident = paths.dotted(event.path)
    payload: dict[str, Any] = {"id": ident, "stepName": ident}
    if entry.kind not in ("foreach", "wait"):
        payload["stepCallId"] = call_id(run_id, event)
    if event.type == STEP_PROGRESS:
        del payload["stepCallId"]
        output = entry.output if event.own["iterationStatus"] == "success" else None
        return payload | event.own | ({} if output is None else {"iterationOutput": output})
    return payload | records.of_event(event, entry) | event.own


def call_id(run_id: str, event: Event) -> str:
    """An id shared by the events of one execution of a step, stable over replays."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run_id}/{event.attempt}/{event.path}"))
