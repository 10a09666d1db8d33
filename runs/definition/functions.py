"""Looking through what wraps a function: partials, decorators, methods, callable objects."""

from __future__ import annotations

import functools
import inspect
from types import FunctionType
from typing import Any


def underlying(function: Any) -> FunctionType | None:
    """Return the Python function that a call ends up in; None if that is not to be seen."""
    function = inspect.unwrap(function)
    while isinstance(function, functools.partial):
        function = inspect.unwrap(function.func)
    if not hasattr(function, "__code__"):
        function = type(function).__call__
    function = getattr(function, "__func__", function)
    return function if isinstance(function, FunctionType) else None


def is_coroutine_function(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        underlying(function)
    )
