"""Fields with values in them, ready to be written by the templates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from runs.forms.posted import MISSING, Path, Unread, member_name
from runs.forms.specs import Kind, Spec
from runs.shown import pretty

Json = Any
#: Stands for the number of a row in the row that a script copies.
BLANK_ROW = "__new"


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Widget:
    """One field as it stands in the page."""

    spec: Spec
    name: str
    label: str
    value: str
    error: str
    widgets: tuple[Widget, ...] = ()
    choices: tuple[Choice, ...] = ()
    blank_row: Widget | None = None
    #: In a list: the number by which the row is called.
    row: str = ""

    @property
    def id(self) -> str:
        return f"id_{self.name}".replace("%", "-")

    @property
    def described_by(self) -> str:
        ids = [f"{self.id}_help"] if self.spec.help else []
        return " ".join([*ids, f"{self.id}_error"] if self.error else ids)

    @property
    def template(self) -> str:
        return f"runs/forms/{_TEMPLATES.get(self.spec.kind, 'input')}.html"

    @property
    def is_group(self) -> bool:
        return self.spec.kind in (Kind.OBJECT, Kind.ROWS)

    @property
    def must_be_filled(self) -> bool:
        """Whether the browser may insist. A text may be empty unless its schema says otherwise."""
        spec = self.spec
        if not spec.required or spec.nullable or spec.has_default:
            return False
        is_text = spec.kind in (Kind.TEXT, Kind.LONG_TEXT)
        return not is_text or bool(spec.attributes.get("minlength"))

    @property
    def input_type(self) -> str:
        return _INPUT_TYPES.get(self.spec.kind) or self.spec.attributes.get("type", "text")

    @property
    def attributes(self) -> list[tuple[str, Any]]:
        return [(key, value) for key, value in self.spec.attributes.items() if key != "type"]

    @property
    def schema_text(self) -> str:
        return pretty(self.spec.schema)


_TEMPLATES = {
    Kind.OBJECT: "object",
    Kind.ROWS: "rows",
    Kind.LONG_TEXT: "long_text",
    Kind.BOOLEAN: "boolean",
    Kind.CHOICE: "choice",
    Kind.CONSTANT: "constant",
    Kind.JSON: "json",
}
_INPUT_TYPES = {
    Kind.NUMBER: "number",
    Kind.INTEGER: "number",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.MOMENT: "datetime-local",
}


def widget(
    spec: Spec, name: str, value: Json, errors: Mapping[Path, str], path: Path = (), row: str = ""
) -> Widget:
    """The field of a value; a value of another shape than the field's is not shown."""
    if value is MISSING and spec.has_default:
        value = spec.default
    inner: tuple[Widget, ...] = ()
    if spec.kind is Kind.OBJECT:
        inner = _members(spec, name, value, errors, path)
    elif spec.kind is Kind.ROWS:
        inner = _rows(spec, name, value, errors, path)
    return Widget(
        spec=spec,
        name=name,
        label=_label(spec, row),
        value=_text(spec, value),
        error=errors.get(path, ""),
        widgets=inner,
        choices=_choices(spec, value),
        blank_row=_blank_row(spec, name) if spec.kind is Kind.ROWS else None,
        row=row,
    )


def _label(spec: Spec, row: str) -> str:
    if not row:
        return spec.label
    name = spec.label or "Item"
    return f"{name} {int(row) + 1}" if row.isdecimal() else f"New {name.lower()}"


def _members(
    spec: Spec, name: str, value: Json, errors: Mapping[Path, str], path: Path
) -> tuple[Widget, ...]:
    given = value if isinstance(value, Mapping) else {}
    return tuple(
        widget(member, member_name(name, key), given.get(key, MISSING), errors, (*path, key))
        for key, member in spec.members
    )


def _rows(
    spec: Spec, name: str, value: Json, errors: Mapping[Path, str], path: Path
) -> tuple[Widget, ...]:
    assert spec.item is not None
    given = value if isinstance(value, list) else _as_many_as_needed(spec)
    return tuple(
        widget(spec.item, f"{name}.{index}", item, errors, (*path, index), str(index))
        for index, item in enumerate(given)
    )


def _as_many_as_needed(spec: Spec) -> list[Any]:
    least = max(int(spec.schema.get("minItems", 0)), 1 if spec.required else 0)
    return [MISSING] * min(least, 20)


def _blank_row(spec: Spec, name: str) -> Widget:
    """What a script copies for a new row. Lists within a row are added to when it is there."""
    assert spec.item is not None
    # The depth is in the name, so that the rows of inner lists are not counted with the outer ones.
    blank = f"{BLANK_ROW}{name.count(BLANK_ROW)}__"
    return widget(spec.item, f"{name}.{blank}", MISSING, {}, (), blank)


def _text(spec: Spec, value: Json) -> str:
    if isinstance(value, Unread):
        return str(value)
    if value is MISSING or (value is None and spec.kind is not Kind.JSON):
        return ""
    match spec.kind:
        case Kind.JSON:
            return "" if value is None and not spec.nullable else pretty(value)
        case Kind.MOMENT:
            return _local(value)
        case Kind.BOOLEAN:
            return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _local(value: Json) -> str:
    """A moment as the browser's field takes it: in the pages' zone, without one."""
    try:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is not None:
            moment = timezone.make_naive(moment)
    except (ValueError, OverflowError):  # no moment, or one of before the first day of the zone
        return ""
    return moment.isoformat(timespec="minutes" if not moment.second else "seconds")


def _choices(spec: Spec, value: Json) -> tuple[Choice, ...]:
    """The choices of a field; each is called by its number, whatever JSON value it stands for."""
    return tuple(
        Choice(str(index), one if isinstance(one, str) else json.dumps(one), _is(one, value))
        for index, one in enumerate(spec.choices)
    )


def _is(one: Json, value: Json) -> bool:
    return type(one) is type(value) and bool(one == value)
