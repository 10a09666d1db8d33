"""The small expression language in which cases say what bodies and conditions compute.

Values are JSON and keep JSON's types: ``True`` is not the number 1, and whatever is missing is
``None``. An object with exactly one key that begins with ``$`` is an operator; anything else is
evaluated element by element. README.md lists the operators.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any


class ExpressionError(Exception):
    """An expression cannot be computed, or says ``$throw``."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can read.

    ``roots`` are whole values, fetched when asked for; of ``keyed`` roots the next segment of
    the path is a key to be asked for (``steps.<id>``, ``ctx.<key>``).
    """

    roots: Mapping[str, Callable[[], Any]]
    keyed: Mapping[str, Callable[[str], Any]]

    def read(self, path: str) -> Any:
        root, *rest = path.split(".")
        if root in self.keyed:
            return _descend(self.keyed[root](rest[0]), rest[1:]) if rest else None
        return _descend(self.roots[root](), rest) if root in self.roots else None

    def with_item(self, item: Any, index: int) -> Scope:
        return replace(self, roots={**self.roots, "item": lambda: item, "index": lambda: index})


def evaluate(expression: Any, scope: Scope) -> Any:
    if isinstance(expression, list):
        return [evaluate(element, scope) for element in expression]
    if not isinstance(expression, dict):
        return expression
    operator = _operator_of(expression)
    if operator is None:
        return {key: evaluate(value, scope) for key, value in expression.items()}
    argument = expression[operator]
    if operator in _LAZY:
        return _LAZY[operator](argument, scope)
    if operator in _EAGER:
        return _EAGER[operator](evaluate(argument, scope))
    raise ExpressionError(f"unknown operator {operator}")


def to_text(value: Any) -> str:
    """Write a value as ``$concat`` does: texts as they are, everything else as compact JSON."""
    return value if isinstance(value, str) else canonical(value)


def canonical(value: Any) -> str:
    """Write a value so that equal JSON values, and no others, get equal texts."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _operator_of(expression: dict[str, Any]) -> str | None:
    if len(expression) != 1:
        return None
    (key,) = expression
    return key if key.startswith("$") else None


def _descend(value: Any, segments: list[str]) -> Any:
    for segment in segments:
        if isinstance(value, dict):
            value = value.get(segment)
        elif isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
            value = value[int(segment)]
        else:
            return None
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ExpressionError("not a list")
    return value


def _numbers(values: list[Any]) -> list[Any]:
    for value in values:
        if value is not None and not is_number(value):
            raise ExpressionError("not a number")
    return [value or 0 for value in values]


def _pair(values: Any) -> tuple[Any, Any]:
    first, second, *_ = [*values, None, None]
    return first, second


# --- operators that choose which of their operands to evaluate --------------------------------


def _if(operands: list[Any], scope: Scope) -> Any:
    condition, then, otherwise = [*operands, None][:3]
    return evaluate(then if evaluate(condition, scope) is True else otherwise, scope)


def _map(operands: list[Any], scope: Scope) -> list[Any]:
    source, body = operands
    items = _list(evaluate(source, scope))
    return [evaluate(body, scope.with_item(item, index)) for index, item in enumerate(items)]


def _throw(message: str, _scope: Scope) -> Any:
    raise ExpressionError(message)


_LAZY: dict[str, Callable[[Any, Scope], Any]] = {
    "$": lambda path, scope: scope.read(path),
    "$lit": lambda value, _scope: value,
    "$if": _if,
    "$and": lambda operands, scope: all(evaluate(x, scope) is True for x in operands),
    "$or": lambda operands, scope: any(evaluate(x, scope) is True for x in operands),
    "$map": _map,
    "$throw": _throw,
}


# --- operators on evaluated operands ----------------------------------------------------------


def _product(values: list[Any]) -> Any:
    result = 1
    for value in _numbers(values):
        result *= value
    return result


def _difference(values: list[Any]) -> Any:
    first, second = _numbers([*_pair(values)])
    return first - second


def _remainder(values: list[Any]) -> Any:
    first, second = _numbers([*_pair(values)])
    return first % second


def _same(values: list[Any]) -> bool:
    first, second = _pair(values)
    return canonical(first) == canonical(second)


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[list[Any]], bool]:
    def compare(values: list[Any]) -> bool:
        first, second = _pair(values)
        return is_number(first) and is_number(second) and holds(first, second)

    return compare


def _range(count: Any) -> list[int]:
    return list(range(count)) if is_number(count) else []


def _merge(values: list[Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for value in values:
        if isinstance(value, dict):
            merged.update(value)
    return merged


def _values(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value[key] for key in sorted(value)] if isinstance(value, dict) else []


_EAGER: dict[str, Callable[[Any], Any]] = {
    "$add": lambda values: sum(_numbers(values)),
    "$sub": _difference,
    "$mul": _product,
    "$mod": _remainder,
    "$sum": lambda values: sum(_numbers(_list(values))),
    "$concat": lambda values: "".join(to_text(value) for value in _list(values)),
    "$eq": _same,
    "$ne": lambda values: not _same(values),
    "$lt": _ordered(lambda first, second: first < second),
    "$lte": _ordered(lambda first, second: first <= second),
    "$gt": _ordered(lambda first, second: first > second),
    "$gte": _ordered(lambda first, second: first >= second),
    "$not": lambda value: value is not True,
    "$len": lambda value: len(value) if isinstance(value, list | str) else 0,
    "$range": _range,
    "$merge": _merge,
    "$keys": lambda value: sorted(value) if isinstance(value, dict) else [],
    "$values": _values,
    "$exists": lambda value: value is not None,
}
