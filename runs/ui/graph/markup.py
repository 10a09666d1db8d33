"""Writing SVG quickly: a graph of a thousand steps has tens of thousands of values in it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from django.utils.safestring import SafeString


def format_html(form: str, *values: Any) -> SafeString:
    """As Django's of that name for values that are text, numbers or safe; several times faster."""
    return SafeString(form.format(*map(_escaped, values)))


def _escaped(value: Any) -> str:
    if type(value) is SafeString or isinstance(value, int | float):
        return value if isinstance(value, str) else str(value)
    return escape("" if value is None else str(value))


def chain(parts: Iterable[SafeString]) -> SafeString:
    """Safe pieces behind each other; what is not safe is refused."""
    found = list(parts)
    if any(type(part) is not SafeString for part in found):
        raise TypeError("only safe pieces of markup are joined")
    return SafeString("".join(found))
