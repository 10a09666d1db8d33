"""What callers hand in, in the form the engine takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runs.engine.journal import Status
from runs.exceptions import RequestError
from runs.worker.limits import checked

Json = Any
#: Members of a step's record that are moments, in milliseconds, and how large such a one can be.
_MOMENTS, _LATEST = ("startedAt", "endedAt", "suspendedAt", "resumedAt"), 2**53


def argument(value: Json, where: str) -> Json:
    """A caller's argument as JSON of an acceptable size; else NotSerializable, PayloadTooLarge."""
    return checked(value, where)


def step_path(step: Any) -> list[str] | None:
    """A step as callers name it (id, dotted path, step, list of these) as a list of ids."""
    if step is None or step == "":
        return None
    if isinstance(step, str):
        return step.split(".")
    if isinstance(step, Sequence):
        return [part for one in step for part in step_path(one) or ()]
    return [step.id]


def records_of(given: Json, where: str) -> dict[str, dict[str, Json]]:
    """Records that a caller has for steps, by id; RequestError says which of them cannot be."""
    found = argument(given or {}, "The context")
    if not isinstance(found, dict):
        raise RequestError(f"{where} must be an object, with a record for each step")
    return {
        step_id: _record({} if record is None else record, f"{where}.{step_id}")
        for step_id, record in found.items()
    }


def _record(record: Json, where: str) -> dict[str, Json]:
    if not isinstance(record, dict):
        raise RequestError(f"{where} must be an object, the record of a step")
    status = record.get("status")
    known = [one.value for one in Status if one is not Status.RESUMED]
    if status is not None and status not in known:
        raise RequestError(f"{where}.status must be one of: {', '.join(known)}")
    moments = {name: record[name] for name in _MOMENTS if record.get(name) is not None}
    for name, moment in moments.items():
        is_number = isinstance(moment, int | float) and not isinstance(moment, bool)
        if not (is_number and abs(moment) <= _LATEST):
            raise RequestError(f"{where}.{name} must be a moment in milliseconds")
    return record | {name: round(moment) for name, moment in moments.items()}
