"""Fill in defaults and drop unknown keys, as a JSON Schema asks for.

A schema is compiled once to a function from value to value; parts that change nothing compile to
nothing. Reached are ``properties``, ``additionalProperties``, ``items``, ``prefixItems``, local
``$ref``, and the first fitting alternative of ``anyOf`` and ``oneOf``. Where a schema speaks of an
object's keys in further places (``allOf``, ``if``, ``patternProperties``...), no key is dropped.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import unquote

import jsonschema_rs

Shape: TypeAlias = Callable[[Any], Any]

_ROOT = "urn:root"
_MISSING = object()
# Beside these, `properties` is not the whole truth about an object's keys.
_MORE_KEYS = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "$ref", "patternProperties", "additionalProperties"}
    | {"dependentSchemas", "dependencies", "unevaluatedProperties", "propertyNames"}
)


def shape_of(schema: dict[str, Any]) -> Shape:
    shape = _Compiler(schema).compile(schema, "") or _unchanged
    default = schema.get("default", _MISSING)
    if default is _MISSING:
        return shape
    return lambda value: _fresh(default) if value is None else shape(value)


def _unchanged(value: Any) -> Any:
    return value


def _fresh(default: Any) -> Any:
    """A body may change what it gets; the schema's default must not change with it."""
    return copy.deepcopy(default) if isinstance(default, dict | list) else default


class _Compiler:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._referred: dict[str, Shape | None] = {}

    def compile(self, schema: Any, pointer: str) -> Shape | None:
        """Compile the part of the root schema at ``pointer``."""
        if not isinstance(schema, dict):
            return None
        parts = (
            self._reference(schema),
            self._object(schema, pointer),
            self._array(schema, pointer),
            self._alternatives(schema, pointer),
        )
        shapes = [shape for shape in parts if shape is not None]
        if len(shapes) <= 1:
            return shapes[0] if shapes else None
        return _in_turn(shapes)

    def _reference(self, schema: dict[str, Any]) -> Shape | None:
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        pointer = unquote(reference[1:])
        if pointer not in self._referred:
            # Set before compiling: a schema that contains itself finds this and stops.
            self._referred[pointer] = lambda value: (self._referred[pointer] or _unchanged)(value)
            self._referred[pointer] = self.compile(self._at(pointer), pointer)
        return self._referred[pointer]

    def _at(self, pointer: str) -> Any:
        node: Any = self._root
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            node = node[int(key)] if isinstance(node, list) else node[key]
        return node

    def _object(self, schema: dict[str, Any], pointer: str) -> Shape | None:
        properties = schema.get("properties")
        others = self.compile(schema.get("additionalProperties"), f"{pointer}/additionalProperties")
        if properties is None:
            return None if others is None else _object_shape({}, {}, others, keep=True)
        # A key may be required without being described.
        shapes: dict[str, Shape | None] = dict.fromkeys(schema.get("required", ()))
        for key, part in properties.items():
            shapes[key] = self.compile(part, f"{pointer}/properties/{_escaped(key)}")
        defaults = {
            key: part["default"]
            for key, part in properties.items()
            if isinstance(part, dict) and "default" in part
        }
        return _object_shape(shapes, defaults, others, keep=not _MORE_KEYS.isdisjoint(schema))

    def _array(self, schema: dict[str, Any], pointer: str) -> Shape | None:
        first = "prefixItems" if "prefixItems" in schema else "items"
        if isinstance(schema.get(first), list):
            rest = "items" if first == "prefixItems" else "additionalItems"
            heads = [
                self.compile(part, f"{pointer}/{first}/{index}")
                for index, part in enumerate(schema[first])
            ]
        else:
            rest, heads = "items", []
        tail = self.compile(schema.get(rest), f"{pointer}/{rest}")
        if tail is None and not any(heads):
            return None
        return _array_shape(heads, tail)

    def _alternatives(self, schema: dict[str, Any], pointer: str) -> Shape | None:
        keyword = "anyOf" if "anyOf" in schema else "oneOf"
        options = [
            (self.compile(part, f"{pointer}/{keyword}/{index}"), f"{pointer}/{keyword}/{index}")
            for index, part in enumerate(schema.get(keyword, ()))
        ]
        if not any(shape for shape, _ in options):
            return None
        return _first_fitting(
            [(shape or _unchanged, self._validator(option)) for shape, option in options]
        )

    def _validator(self, pointer: str) -> Callable[[Any], bool]:
        registry = jsonschema_rs.Registry([(_ROOT, self._root)])
        part = {"$ref": f"{_ROOT}#{pointer}"}
        if "$schema" in self._root:
            part["$schema"] = self._root["$schema"]
        validator: Callable[[Any], bool] = jsonschema_rs.validator_for(
            part, registry=registry
        ).is_valid
        return validator


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _in_turn(shapes: list[Shape]) -> Shape:
    def shape(value: Any) -> Any:
        for each in shapes:
            value = each(value)
        return value

    return shape


def _object_shape(
    shapes: dict[str, Shape | None], defaults: dict[str, Any], others: Shape | None, *, keep: bool
) -> Shape:
    def shape(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        result = {}
        for key, item in value.items():
            if key in shapes:
                each = shapes[key]
            elif keep:
                each = others
            else:
                continue
            result[key] = item if each is None else each(item)
        for key, default in defaults.items():
            if key not in result:
                result[key] = _fresh(default)
        return result

    return shape


def _array_shape(heads: list[Shape | None], tail: Shape | None) -> Shape:
    def shape(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        result = list(value)
        for index, item in enumerate(value):
            each = heads[index] if index < len(heads) else tail
            if each is not None:
                result[index] = each(item)
        return result

    return shape


def _first_fitting(options: list[tuple[Shape, Callable[[Any], bool]]]) -> Shape:
    def shape(value: Any) -> Any:
        for each, fits in options:
            shaped = each(value)
            if fits(shaped):
                return shaped
        return value

    return shape
