"""Schemas taken from a body's annotations.

``def approve(ctx: StepContext[Order]) -> Decision`` says what goes in and what comes out. Text
annotations are evaluated where the function was written, so what they name has to be there when
the module is imported: a name that is missing is an error, since leaving the schema out would
silently accept anything.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import CellType, FunctionType
from typing import Any, Never, NoReturn, TypeAlias, get_args, get_origin

from runs.definition.context import StepContext
from runs.definition.functions import underlying
from runs.exceptions import DefinitionError

Body: TypeAlias = Callable[[Any], Any]

_SAYS_NOTHING = (Any, None, type(None), object, Never, NoReturn, inspect.Parameter.empty)


def inferred_schemas(body: Body, where: str, *, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the types for ``input_schema`` and ``output_schema`` that are not known yet."""
    try:
        signature = inspect.signature(body)
    except (TypeError, ValueError):
        return {}
    found = {}
    if known.get("input_schema") is None and signature.parameters:
        context = next(iter(signature.parameters.values())).annotation
        found["input_schema"] = _input_type(context, body, where)
    if known.get("output_schema") is None:
        found["output_schema"] = _evaluated(signature.return_annotation, body, where)
    return {name: kind for name, kind in found.items() if not _says_nothing(kind)}


def _says_nothing(annotation: Any) -> bool:
    return any(annotation is nothing for nothing in _SAYS_NOTHING)


def _input_type(annotation: Any, body: Body, where: str) -> Any:
    try:
        context = _evaluated(annotation, body, where)
    except DefinitionError:
        if annotation.isidentifier():
            return None  # a context without a word about its input
        raise
    return get_args(context)[0] if get_origin(context) is StepContext else None


def _evaluated(annotation: Any, body: Body, where: str) -> Any:
    if not isinstance(annotation, str):
        return annotation
    function = underlying(body)
    globals = function.__globals__ if function else {}
    names = {"StepContext": StepContext, **_closure(function)}
    try:
        return eval(annotation, globals, names)
    except Exception as error:
        raise DefinitionError(
            f"{where}: the annotation {annotation!r} cannot be evaluated ({error}); "
            "import what it names at run time, or give the schema as an option"
        ) from error


def _closure(function: FunctionType | None) -> dict[str, Any]:
    """The enclosing function's variables that the body uses; the others are out of reach."""
    if function is None:
        return {}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if _is_filled(cell)}


def _is_filled(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - reading it is the question
    except ValueError:
        return False
    return True
