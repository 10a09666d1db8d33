"""Events as lines: what a run tells while it goes, and when it is told again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runs.definition import Workflow
from runs.definition.nodes import WorkflowNode
from runs.management.cli.console import Console
from runs.management.cli.questions import without_meta
from runs.management.cli.text import clock, compact, duration

_TIMES = ("endedAt", "suspendedAt", "resumedAt", "startedAt")
_SAY = {"workflow-canceled": "canceled", "workflow-paused": "paused"}

Event = Mapping[str, Any]


class Progress:
    """Print events one below the other; with numbers when they count from the run's first."""

    def __init__(
        self, console: Console, workflow: Workflow | None, first_number: int | None = None
    ) -> None:
        self._console = console
        self._number = first_number
        self._name_width = 0 if workflow is None else longest_name(workflow)

    def show(self, event: Event) -> None:
        if self._console.as_json:
            self._console.json(event, indent=None)
            return
        name, status, detail = describe(event)
        self._name_width = max(self._name_width, len(name))
        plain = f"{self._next_number()}{clock(_moment(event)):<12}  {name:<{self._name_width}}  "
        verb = f"{status:<9}"
        room = self._console.width
        if room is not None:
            room = max(room - len(plain) - len(verb) - 2, 0)
            detail = detail if len(detail) <= room else detail[: max(room - 3, 0)] + "..."
        self._console.line(f"{plain}{self._console.status(verb)}  {detail}".rstrip())

    def _next_number(self) -> str:
        if self._number is None:
            return ""
        self._number += 1
        return f"{self._number - 1:>5}  "


def longest_name(workflow: Workflow) -> int:
    """Length of the longest name that an event of this workflow may have."""
    lengths = [len(workflow.id)]
    for node in workflow.steps_by_id.values():
        inner = longest_name(node.workflow) + 1 if isinstance(node, WorkflowNode) else 0
        lengths.append(len(node.id) + inner)
    return max(lengths)


def describe(event: Event) -> tuple[str, str, str]:
    """What an event is about, the status it reports, and the rest in a few words."""
    kind = event.get("type", "")
    payload = event.get("payload") or {}
    match kind:
        case "workflow-start":
            return payload.get("workflowId", ""), "started", ""
        case "workflow-finish":
            return "", payload.get("workflowStatus", ""), _problem(payload.get("metadata"))
        case "workflow-step-start":
            return payload["id"], *_start(payload)
        case "workflow-step-result":
            return payload["id"], payload["status"], _outcome(payload)
        case "workflow-step-suspended":
            return payload["id"], "suspended", compact(without_meta(payload.get("suspendPayload")))
        case "workflow-step-waiting":
            return payload["id"], "waiting", ""
        case "workflow-step-progress":
            return payload["id"], payload["iterationStatus"], _items(payload)
        case "workflow-step-output":
            return payload["stepName"], "output", compact(payload["output"])
        case "workflow-canceled" | "workflow-paused":
            return payload.get("id", ""), _SAY[kind], ""
    return kind, "custom", compact(event.get("data", event))


def _moment(event: Event) -> float | None:
    payload = event.get("payload")
    if not isinstance(payload, dict):
        return None
    return next((payload[name] for name in _TIMES if isinstance(payload.get(name), int)), None)


def _start(payload: Event) -> tuple[str, str]:
    if "resumePayload" in payload:
        return "resumed", compact(payload["resumePayload"])
    iteration = (payload.get("metadata") or {}).get("iterationCount")
    return "running", f"iteration {iteration}" if iteration else ""


def _outcome(payload: Event) -> str:
    if "error" in payload:
        result = payload["error"].get("message", "")
    elif "output" in payload:
        result = compact(payload["output"])
    else:
        result = ""
    began, ended = payload.get("resumedAt", payload.get("startedAt")), payload.get("endedAt")
    if began is None or ended is None:
        return result
    return f"{duration(ended - began)}  {result}".rstrip()


def _items(payload: Event) -> str:
    return f"item {payload['currentIndex']}, {payload['completedCount']} of {payload['totalCount']}"


def _problem(metadata: Any) -> str:
    return str((metadata or {}).get("errorMessage", ""))
