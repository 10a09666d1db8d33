"""What counts as true in a condition."""

from __future__ import annotations

from typing import Any


def truthy(value: Any) -> bool:
    """Answer as JavaScript would: unlike in Python, an empty dict or list is true.

    Conditions are data that may cross languages (a mapped value, a stored result), so their truth
    must not depend on who evaluates them.
    """
    if value is None or isinstance(value, str):
        return bool(value)
    if isinstance(value, bool | int | float):
        return value != 0 and value == value  # NaN is false, and the only value unlike itself
    return True
