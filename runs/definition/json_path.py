"""Dotted paths into JSON data, with the rules JavaScript has for them.

Stepping into something that is neither object nor list is an error; a last step that leads nowhere
gives nothing, which is not the same as giving null.
"""

from __future__ import annotations

from typing import Any

from runs.definition.serialize import to_json
from runs.exceptions import StepError

#: What a path gives that leads nowhere.
NOTHING = object()


def pick(value: Any, path: str, where: str) -> Any:
    """Follow ``path`` into ``value``; ``.`` and the empty path are the whole."""
    current = to_json(value, where=where)
    if path in ("", "."):
        return current
    for segment in path.split("."):
        if not isinstance(current, dict | list):
            raise StepError(f"Invalid path {path} in {where}")
        current = _member(current, segment)
    return current


def _member(container: dict[str, Any] | list[Any], segment: str) -> Any:
    if isinstance(container, dict):
        return container.get(segment, NOTHING)
    if segment == "length":
        return len(container)
    is_index = segment.isascii() and segment.isdecimal() and str(int(segment)) == segment
    index = int(segment) if is_index else len(container)
    return container[index] if index < len(container) else NOTHING
