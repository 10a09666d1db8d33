"""From what was filled in to JSON, and from JSON to what stands in the fields.

Names of fields are the way to the value, with a prefix: ``input.items.0.sku``. Each row says that
it is there (``input.items.__row``), so a row of unticked boxes is a row and rows may be removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.http import QueryDict
from django.utils import timezone

from runs.forms.specs import Kind, Spec

Json = Any
Path = tuple[str | int, ...]

ROW = "__row"


class Missing:
    """Nothing was filled in, and nothing is what the value is."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Unread(str):
    """A text that is not what its field asks for. It stays in the field, with the reason."""


@dataclass
class Reading:
    """Reads a posted form; what cannot be read is noted in ``errors`` by its path."""

    data: QueryDict
    errors: dict[Path, str] = field(default_factory=dict)

    def value(self, spec: Spec, name: str, path: Path = ()) -> Json:
        match spec.kind:
            case Kind.OBJECT:
                return self._object(spec, name, path)
            case Kind.ROWS:
                return self._rows(spec, name, path)
            case Kind.CONSTANT:
                return spec.choices[0]
            case Kind.BOOLEAN:
                return self._boolean(spec, name)
        text = self.data.get(name, "")
        if not text.strip() and spec.kind is not Kind.LONG_TEXT and spec.kind is not Kind.TEXT:
            return _nothing(spec)
        if not text:
            return _no_text(spec)
        return self._scalar(spec, text, path)

    def _object(self, spec: Spec, name: str, path: Path) -> Json:
        found = {
            key: self.value(member, member_name(name, key), (*path, key))
            for key, member in spec.members
        }
        given = {key: value for key, value in found.items() if value is not MISSING}
        # An object that may be left out is left out when nothing in it was filled in.
        if path and not spec.required and not any(map(_says_something, given.values())):
            self._forget(path)
            return None if spec.nullable else MISSING
        return given

    def _forget(self, path: Path) -> None:
        for other in [one for one in self.errors if one[: len(path)] == path]:
            del self.errors[other]

    def _rows(self, spec: Spec, name: str, path: Path) -> Json:
        assert spec.item is not None
        found = [
            self.value(spec.item, f"{name}.{row}", (*path, index))
            for index, row in enumerate(rows_of(self.data, name))
        ]
        if not found and path and not spec.required:
            return None if spec.nullable else MISSING
        return [None if value is MISSING else value for value in found]

    def _boolean(self, spec: Spec, name: str) -> Json:
        text = self.data.get(name, "")
        if text in ("true", "false"):
            return text == "true"
        return False if spec.has_default and not spec.nullable else _nothing(spec)

    def _scalar(self, spec: Spec, text: str, path: Path) -> Json:
        try:
            return _READERS[spec.kind](spec, text)
        except ValueError as error:
            self.errors[path] = str(error)
            return Unread(text)


def rows_of(data: QueryDict, name: str) -> Iterator[str]:
    """The rows that a list had, in their order; names of other makings are not taken."""
    given = data.getlist(f"{name}.{ROW}")
    yield from (row for row in given if row.isdecimal() and len(row) < 10)


def member_name(name: str, key: str) -> str:
    return f"{name}.{key.replace('%', '%25').replace('.', '%2E')}"


def _nothing(spec: Spec) -> Json:
    return None if spec.nullable else MISSING


def _no_text(spec: Spec) -> Json:
    """A text that has to be there may be empty; the schema says whether that is enough."""
    if spec.nullable:
        return None
    return "" if spec.required else MISSING


def _says_something(value: Json) -> bool:
    return value not in ("", None, False) and value != [] and value != {}


# --- readers -----------------------------------------------------------------------------------


def _integer(spec: Spec, text: str) -> Json:
    try:
        number = float(text)
        if number.is_integer():
            return int(text) if text.strip().lstrip("+-").isdecimal() else int(number)
    except (ValueError, OverflowError):
        pass
    raise ValueError("Enter a whole number")


def _number(spec: Spec, text: str) -> Json:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("Enter a number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("Enter a number")
    return int(text) if text.strip().lstrip("+-").isdecimal() else number


def _choice(spec: Spec, text: str) -> Json:
    if text.isdecimal() and int(text) < len(spec.choices):
        return spec.choices[int(text)]
    raise ValueError("Choose one of these")


def _moment(spec: Spec, text: str) -> Json:
    """Without a zone, a moment is one of the pages' time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("Enter a date and a time") from None
    if moment.tzinfo is None:
        moment = timezone.make_aware(moment)
    return moment.isoformat()


def _json(spec: Spec, text: str) -> Json:
    return parse_json(text)


def parse_json(text: str) -> Json:
    """A JSON text; ValueError says in words where it is none, or why it cannot be kept."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
        orjson.dumps(value)
        return value
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"This is no JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise ValueError("This is nested too deeply") from None
    except orjson.JSONEncodeError as error:  # half a character, a number of too many digits
        raise ValueError(f"This cannot be kept: {error}") from None


def _no_constant(name: str) -> Json:
    raise ValueError(f"This is no JSON: there is no {name}")


def _as_it_is(spec: Spec, text: str) -> Json:
    # Browsers end lines as mail does.
    return text.replace("\r\n", "\n")


_READERS = {
    Kind.TEXT: _as_it_is,
    Kind.LONG_TEXT: _as_it_is,
    Kind.DATE: _as_it_is,
    Kind.TIME: _as_it_is,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.CHOICE: _choice,
    Kind.MOMENT: _moment,
    Kind.JSON: _json,
}
