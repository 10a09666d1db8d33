"""From what a body returned to plain JSON data.

Most values are plain already, so nothing is copied until something has to be changed: a value
that is JSON comes back as the same object.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

import msgpack
import orjson
from pydantic_core import to_jsonable_python

from runs.exceptions import NotSerializable

# The range of the JSON writers we use; JavaScript reads integers exactly up to 2**53 only.
_SMALLEST_INT = -(2**63)
_LARGEST_INT = 2**64 - 1


class _Refused(Exception):
    """Collects the way to the value that was refused while it travels up."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.way: list[str | int] = []
        super().__init__(reason)

    def path(self) -> str:
        text = ""
        for step in reversed(self.way):
            text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
        return text


def plain_text(value: Any) -> bytes | None:
    """The JSON of a value that is plain JSON data already, down to its last item; else None.

    Two writers in C look at a value many times faster than Python does. One takes no types but
    those of JSON, and bytes; the other no bytes, and what is no number becomes null.
    """
    try:
        msgpack.packb(value, strict_types=True)
        text = orjson.dumps(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    return None if b"null" in text and orjson.loads(text) != value else text


def to_json(value: Any, *, where: str) -> Any:
    """Return ``value`` as plain JSON data.

    Takes pydantic models (by alias), dataclasses, enums, dates, UUIDs, decimals (as text) and
    tuples. What would come back as something else is refused: sets, bytes, NaN, iterators.
    """
    if type(value) in (dict, list) and plain_text(value) is not None:
        return value
    try:
        return _convert(value)
    except _Refused as refused:
        at = f" at {path}" if (path := refused.path()) else ""
        raise NotSerializable(f"{where} cannot be written as JSON{at}: {refused.reason}") from None
    except RecursionError:
        reason = "it contains itself or is nested too deeply"
        raise NotSerializable(f"{where} cannot be written as JSON: {reason}") from None


def _convert(value: Any) -> Any:
    converter = _PLAIN.get(type(value))
    return converter(value) if converter else _convert_other(value)


def _same(value: Any) -> Any:
    return value


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Refused("the text contains half a surrogate pair") from None
    return value


def _integer(value: int) -> int:
    if not _SMALLEST_INT <= value <= _LARGEST_INT:
        raise _Refused("the integer does not fit into 64 bits")
    return value


def _float(value: float) -> float:
    if not math.isfinite(value):
        raise _Refused(f"JSON has no {value}")
    return value


def _list(value: list[Any]) -> list[Any]:
    for index, item in enumerate(value):
        try:
            converted = _convert(item)
        except _Refused as refused:
            refused.way.append(index)
            raise
        if converted is not item:
            return [*value[:index], converted, *_rest(value, index + 1)]
    return value


def _rest(value: list[Any], start: int) -> list[Any]:
    result = []
    for index in range(start, len(value)):
        try:
            result.append(_convert(value[index]))
        except _Refused as refused:
            refused.way.append(index)
            raise
    return result


def _dict(value: dict[Any, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    other_keys = False
    for key, item in value.items():
        try:
            converted = _convert(item)
        except _Refused as refused:
            refused.way.append(str(key))
            raise
        if converted is not item:
            changed[key] = converted
        if type(key) is not str:
            other_keys = True
        elif not key.isascii():
            _text(key)
    if other_keys:
        return _with_text_keys({**value, **changed})
    return {**value, **changed} if changed else value


def _with_text_keys(value: dict[Any, Any]) -> dict[str, Any]:
    result = {_key(key): item for key, item in value.items()}
    if len(result) != len(value):
        raise _Refused("two keys are the same text")
    return result


def _key(key: Any) -> str:
    plain = key.value if isinstance(key, Enum) else key
    if isinstance(plain, str):
        return _text(str.__str__(plain))
    if isinstance(plain, int) and not isinstance(plain, bool):
        return str(int(plain))
    raise _Refused(f"a key is a {type(key).__name__}, not a text")


_PLAIN: dict[type, Callable[[Any], Any]] = {
    str: _text,
    int: _integer,
    bool: _same,
    type(None): _same,
    float: _float,
    dict: _dict,
    list: _list,
}


def _convert_other(value: Any) -> Any:
    if isinstance(value, type):
        raise _Refused(f"{value.__name__} is a class")
    for types, converter in _OTHERS:
        if isinstance(value, types):
            return converter(value)
    if hasattr(value, "__pydantic_serializer__"):
        return _convert(to_jsonable_python(value, by_alias=True))
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return _dict({field.name: getattr(value, field.name) for field in fields})
    raise _Refused(f"{type(value).__name__} has no JSON form")


def _enum(value: Enum) -> Any:
    return _convert(value.value)


# pydantic reads back what it writes, so a schema of these types restores them.
_AS_PYDANTIC = (date, time, timedelta, Decimal, UUID, PurePath)

# Order matters: an enum may also be a text or an integer, a bool is an integer.
_OTHERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Enum, _enum),
    (str, lambda value: _text(str.__str__(value))),
    (int, lambda value: _integer(int(value))),
    (float, lambda value: _float(float(value))),
    (Mapping, lambda value: _dict(dict(value))),
    ((list, tuple), lambda value: _list(list(value))),
    (_AS_PYDANTIC, to_jsonable_python),
)
