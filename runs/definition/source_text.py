"""The text of conditions and mapping functions, as the graph shows it to people."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import textwrap
from collections.abc import Callable
from types import CodeType
from typing import Any

from runs.definition.functions import underlying


def source_text(function: Callable[..., Any]) -> str:
    """Return the source of a function; of a lambda, the lambda alone.

    Never fails, and never contains anything that differs between two processes: where there is no
    source to read, the name has to do.
    """
    plain = underlying(function)
    if plain is None:
        return str(getattr(function, "__qualname__", type(function).__qualname__))
    return _written(plain.__code__) or plain.__qualname__


@functools.lru_cache(maxsize=1024)
def _written(code: CodeType) -> str | None:
    if code.co_name == "<lambda>":
        return _lambda(code)
    try:
        return textwrap.dedent(inspect.getsource(code)).strip()
    except (OSError, TypeError):
        return None


def _lambda(code: CodeType) -> str | None:
    """Find the lambda among its neighbours in the same expression by where its code stands."""
    source = "".join(linecache.getlines(code.co_filename))
    places = {
        (line, column)
        for line, _, column, _ in code.co_positions()
        if line is not None and column is not None
    }
    here = [node for node in _lambdas(source) if node.lineno == code.co_firstlineno]
    for node in here:
        if len(here) == 1 or (node.body.lineno, node.body.col_offset) in places:
            return ast.get_source_segment(source, node)
    return None


@functools.lru_cache(maxsize=16)
def _lambdas(source: str) -> tuple[ast.Lambda, ...]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Lambda))
