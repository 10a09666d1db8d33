"""Which runs are executed first, and how many of a workflow at the same time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from runs.exceptions import DefinitionError, InvalidInput

#: Characters of a key's value that a line's name shows; a longer one is hashed.
SHOWN = 100

PRIORITY_RULE = "priority is a whole number from -100 to 100"


def is_priority(value: Any) -> bool:
    return type(value) is int and -100 <= value <= 100


@dataclass(frozen=True, slots=True)
class ConcurrencyLimit:
    """At most ``limit`` runs at the same time, of the workflow or of each value of ``key``.

    ``key`` is a path into the run's input, such as ``"customer_id"`` or ``"order.customer"``, or a
    function of the input. Runs whose input has no such value share one line.
    """

    limit: int
    key: str | Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        if type(self.limit) is not int or self.limit < 1:
            raise DefinitionError("ConcurrencyLimit: limit is a whole number, 1 or more")
        if not (self.key is None or callable(self.key) or (isinstance(self.key, str) and self.key)):
            raise DefinitionError("ConcurrencyLimit: key is a path into the input, or a function")

    def line_of(self, workflow_id: str, input_data: Any) -> str:
        """The name of the line that a run with this input stands in."""
        if self.key is None:
            return f"{workflow_id}:"
        try:
            value = orjson.dumps(self._value(input_data), option=orjson.OPT_SORT_KEYS).decode()
        except Exception as error:
            text = f"The concurrency key of workflow {workflow_id!r} cannot be told: {error}"
            raise InvalidInput(text) from error
        if len(value) > SHOWN:
            value = hashlib.sha256(value.encode()).hexdigest()
        return f"{workflow_id}:{value}"

    def _value(self, value: Any) -> Any:
        if not isinstance(self.key, str):
            assert self.key is not None
            return self.key(value)
        for name in self.key.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value
