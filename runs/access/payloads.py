"""What is left of a record for somebody who may see that a step ran, but not what it held."""

from __future__ import annotations

from typing import Any

Json = Any

#: Members that hold what users put into a run or got out of it, wherever they stand.
HIDDEN = frozenset(
    {
        "chunk",
        "data",
        "finalWorkflowResult",
        "foreachOutput",
        "initialState",
        "input",
        "inputData",
        "iterationOutput",
        "output",
        "requestContext",
        "result",
        "resumePayload",
        "state",
        "suspendOutput",
        "suspendPayload",
        "value",
    }
)


#: Members whose own members are called as authors call their steps.
BY_STEP = frozenset({"context", "steps"})


def without_payloads(shown: Json) -> Json:
    """The same record, result, snapshot or event without the data of its user.

    ``payload`` of an event is the event itself, so it stays where it has a ``type`` beside it.
    """
    if isinstance(shown, list):
        return [without_payloads(one) for one in shown]
    if not isinstance(shown, dict):
        return shown
    is_event = isinstance(shown.get("type"), str) and "from" in shown
    return {
        name: _by_step(value) if name in BY_STEP else without_payloads(value)
        for name, value in shown.items()
        if name not in HIDDEN and (name != "payload" or is_event)
    }


def _by_step(shown: Json) -> Json:
    if not isinstance(shown, dict):
        return without_payloads(shown)
    return {name: without_payloads(value) for name, value in shown.items() if name != "input"}
