"""Actions that call a method of the run, with the case's names put into Python's."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from runs.models import Run

_COMMON = {
    "context": "request_context",
    "outputOptions": "output_options",
    "perStep": "per_step",
}
_START = {"input": "input_data", "state": "initial_state", **_COMMON}
_RESUME = {
    "data": "resume_data",
    "step": "step",
    "label": "label",
    "forEachIndex": "for_each_index",
    **_COMMON,
}
_TIME_TRAVEL = {
    "step": "step",
    "input": "input_data",
    "state": "initial_state",
    "data": "resume_data",
    "stepContext": "context",
    "nestedContext": "nested_steps_context",
    **_COMMON,
}
_OUTPUT_OPTIONS = {
    "includeState": "include_state",
    "includeResumeLabels": "include_resume_labels",
}
#: Actions that call a method of the run: its name, and the keyword of each field.
_CALLS: dict[str, tuple[str, dict[str, str]]] = {
    "start": ("astart", _START),
    "startAsync": ("astart_async", _START),
    "stream": ("astream", _START),
    "resume": ("aresume", _RESUME),
    "resumeAsync": ("aresume_async", _RESUME),
    "resumeStream": ("aresume_stream", _RESUME),
    "timeTravel": ("atime_travel", _TIME_TRAVEL),
    "timeTravelStream": ("atime_travel_stream", _TIME_TRAVEL),
    "restart": ("arestart", {"context": "request_context"}),
    "cancel": ("acancel", {}),
}


def call_run(run: Run, action: dict[str, Any]) -> Awaitable[Any]:
    """Call the method that an action means; fields the action lacks are not passed."""
    method, keywords = _CALLS[action["do"]]
    call: Awaitable[Any] = getattr(run, method)(**_arguments(action, keywords))
    return call


def _arguments(action: dict[str, Any], keywords: dict[str, str]) -> dict[str, Any]:
    arguments = {keyword: action[field] for field, keyword in keywords.items() if field in action}
    if keywords is _TIME_TRAVEL:
        # Time travel to nowhere is a bad request to be refused, not a bad call of a function.
        arguments.setdefault("step", None)
    if options := arguments.get("output_options"):
        arguments["output_options"] = {_OUTPUT_OPTIONS[key]: on for key, on in options.items()}
    return arguments
