"""What callers hand in, in the form the engine takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runs.definition.serialize import to_json
from runs.worker.limits import sized

Json = Any


def argument(value: Json, where: str) -> Json:
    """A caller's argument as JSON of an acceptable size; else NotSerializable, PayloadTooLarge."""
    return sized(to_json(value, where=where), where)


def step_path(step: Any) -> list[str] | None:
    """A step as callers name it (id, dotted path, step, list of these) as a list of ids."""
    if step is None or step == "":
        return None
    if isinstance(step, str):
        return step.split(".")
    if isinstance(step, Sequence):
        return [part for one in step for part in step_path(one) or ()]
    return [step.id]
