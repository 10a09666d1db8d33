"""What there is to fill in, read from a JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

Json = Any
JsonSchema = Mapping[str, Any]

#: Deeper than this nobody fills in a form.
DEEPEST = 6
#: Texts of these names are written over several lines.
_LONG_NAMES = re.compile(
    r"(^|[-_ ])(text|body|csv|message|description|content|notes?|comments?|prompt|markdown|html"
    r"|query|details|reason)$"
)
_LONG_FROM = 120
#: Keywords by which a schema says more than its type: a form would not show it.
_BEYOND = frozenset({"allOf", "oneOf", "not", "if", "patternProperties", "dependentSchemas"})


class Kind(StrEnum):
    """How a value is filled in."""

    OBJECT = "object"
    ROWS = "rows"
    TEXT = "text"
    LONG_TEXT = "long-text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"
    MOMENT = "moment"
    TIME = "time"
    CONSTANT = "constant"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Spec:
    """One value to fill in. ``choices`` are JSON values; ``members`` those of an object."""

    kind: Kind
    schema: JsonSchema
    label: str = ""
    help: str = ""
    required: bool = True
    nullable: bool = False
    members: tuple[tuple[str, Spec], ...] = ()
    item: Spec | None = None
    choices: tuple[Json, ...] = ()
    has_default: bool = False
    default: Json = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def read_schema(schema: JsonSchema | None) -> Spec:
    """What a schema asks for; without a schema, any JSON."""
    if not schema:
        return Spec(Kind.JSON, {}, required=False)
    return _Reader(schema).spec(schema, "", required=True, depth=0)


class _Reader:
    def __init__(self, root: JsonSchema) -> None:
        self._root = root

    def spec(self, schema: Any, name: str, *, required: bool, depth: int) -> Spec:
        whole = schema if isinstance(schema, Mapping) else {}
        plain, nullable = self._plain(whole)
        found = self._kind(plain, name, depth)
        return replace(
            found,
            schema=whole,
            label=_label(plain, name),
            help=str(whole.get("description", plain.get("description", ""))),
            required=required,
            nullable=nullable,
            has_default="default" in plain,
            default=plain.get("default"),
        )

    def _plain(self, schema: JsonSchema, depth: int = 0) -> tuple[JsonSchema, bool]:
        """The schema without indirection, and whether it allows null besides."""
        if depth > DEEPEST:
            return {}, False
        if "$ref" in schema:
            around = {key: value for key, value in schema.items() if key != "$ref"}
            return self._plain({**self._referred(schema["$ref"]), **around}, depth + 1)
        for keyword in ("anyOf", "oneOf", "allOf"):
            options = schema.get(keyword)
            if isinstance(options, list):
                return self._only_option(schema, keyword, options, depth)
        return _without_null(schema)

    def _only_option(
        self, schema: JsonSchema, keyword: str, options: list[Any], depth: int
    ) -> tuple[JsonSchema, bool]:
        others = [one for one in options if one != {"type": "null"}]
        nullable = keyword != "allOf" and len(others) < len(options)
        around = {key: value for key, value in schema.items() if key != keyword}
        if len(others) != 1 or not isinstance(others[0], Mapping):
            return {**around, "oneOf": options}, nullable
        plain, inner = self._plain({**others[0], **around}, depth + 1)
        return plain, nullable or inner

    def _referred(self, pointer: str) -> JsonSchema:
        found: Any = self._root
        for part in pointer.removeprefix("#").strip("/").split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    # --- kinds ---------------------------------------------------------------------------------

    def _kind(self, schema: JsonSchema, name: str, depth: int) -> Spec:
        if _BEYOND & schema.keys() or depth > DEEPEST:
            return Spec(Kind.JSON, schema)
        if "const" in schema:
            return Spec(Kind.CONSTANT, schema, choices=(schema["const"],))
        if isinstance(schema.get("enum"), list):
            return Spec(Kind.CHOICE, schema, choices=tuple(schema["enum"]))
        match schema.get("type"):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return _text(schema, name)
            case "number" | "integer" as kind:
                return Spec(Kind(kind), schema, attributes=_limits(schema, kind))
            case "boolean":
                return Spec(Kind.BOOLEAN, schema)
        return Spec(Kind.JSON, schema)

    def _object(self, schema: JsonSchema, depth: int) -> Spec:
        properties = schema.get("properties")
        # Keys of any name are part of the value: only JSON can show them.
        is_open = isinstance(schema.get("additionalProperties"), Mapping)
        if not isinstance(properties, Mapping) or not properties or is_open:
            return Spec(Kind.JSON, schema)
        needed = schema.get("required", ())
        members = (
            (name, self.spec(inner, name, required=name in needed, depth=depth + 1))
            for name, inner in properties.items()
        )
        return Spec(Kind.OBJECT, schema, members=tuple(members))

    def _array(self, schema: JsonSchema, depth: int) -> Spec:
        items = schema.get("items")
        if not isinstance(items, Mapping) or not items or "prefixItems" in schema:
            return Spec(Kind.JSON, schema)
        item = self.spec(items, "", required=True, depth=depth + 1)
        return Spec(Kind.ROWS, schema, item=item)


def _without_null(schema: JsonSchema) -> tuple[JsonSchema, bool]:
    kinds = schema.get("type")
    if not isinstance(kinds, list):
        return schema, False
    others = [kind for kind in kinds if kind != "null"]
    kind = others[0] if len(others) == 1 else others
    return {**schema, "type": kind}, len(others) < len(kinds)


_FORMATS = {"date": Kind.DATE, "date-time": Kind.MOMENT, "time": Kind.TIME}
_INPUT_TYPES = {"email": "email", "uri": "url", "password": "password"}


def _text(schema: JsonSchema, name: str) -> Spec:
    format_ = schema.get("format", "")
    if format_ in _FORMATS:
        return Spec(_FORMATS[format_], schema)
    most, least = schema.get("maxLength"), schema.get("minLength")
    attributes = {
        "type": _INPUT_TYPES.get(format_, "text"),
        "maxlength": most,
        "minlength": least,
        "pattern": schema.get("pattern"),
    }
    is_long = _LONG_NAMES.search(_words(name).lower()) or (most or 0) > _LONG_FROM
    plain = not format_ and "pattern" not in schema
    kind = Kind.LONG_TEXT if is_long and plain else Kind.TEXT
    return Spec(kind, schema, attributes=_present(attributes))


def _limits(schema: JsonSchema, kind: str) -> dict[str, Any]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if kind == "integer":
        if "exclusiveMinimum" in schema:
            least = int(schema["exclusiveMinimum"]) + 1
        if "exclusiveMaximum" in schema:
            most = int(schema["exclusiveMaximum"]) - 1
    step = schema.get("multipleOf", 1 if kind == "integer" else "any")
    return _present({"min": least, "max": most, "step": step})


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


# --- words -------------------------------------------------------------------------------------


def _label(schema: JsonSchema, name: str) -> str:
    """The author's title; the name in words where the title is only made of the name."""
    title = str(schema.get("title", ""))
    if not name:
        return title
    letters = re.compile(r"[^a-z0-9]")
    is_made = letters.sub("", title.lower()) == letters.sub("", name.lower())
    return _words(name) if not title or is_made else title


def _words(name: str) -> str:
    """``orderId``, ``order_id`` and ``order-id`` are all ``Order id``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-\s]+", " ", name).strip().lower()
    return parted[:1].upper() + parted[1:]
