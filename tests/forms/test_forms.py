"""Forms made of JSON Schemas: what is filled in comes back as the JSON that the schema means."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from django.http import QueryDict
from pydantic import BaseModel, Field

from runs.definition.schema import Schema
from runs.forms import SchemaForm
from runs.forms.specs import Kind, read_schema

ORDER = {
    "type": "object",
    "required": ["orderId", "quantity", "express"],
    "properties": {
        "orderId": {"type": "string", "title": "Order id"},
        "quantity": {"type": "integer", "exclusiveMinimum": 0, "maximum": 9},
        "price": {"type": "number"},
        "express": {"type": "boolean"},
        "gift": {"type": "boolean", "default": False},
        "currency": {"enum": ["EUR", "USD", None], "default": "EUR"},
        "due": {"type": ["string", "null"], "format": "date"},
        "address": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}, "zip": {"type": "string"}},
        },
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["sku"],
                "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}},
            },
        },
    },
}


def posted(schema: dict[str, Any] | None, *pairs: tuple[str, str]) -> SchemaForm:
    data = QueryDict(mutable=True)
    for name, value in pairs:
        data.appendlist(f"input.{name}" if name else "input", value)
    return SchemaForm.posted(schema, data)


FILLED = (
    ("orderId", "A1"),
    ("quantity", "3"),
    ("price", "9.5"),
    ("express", "false"),
    ("gift", "true"),
    ("currency", "1"),
    ("due", "2026-11-30"),
    ("address.city", "Graz"),
    ("address.zip", ""),
    ("items.__row", "0"),
    ("items.__row", "2"),
    ("items.0.sku", "a"),
    ("items.0.count", "1"),
    ("items.2.sku", "b"),
    ("items.2.count", ""),
)
VALUE = {
    "orderId": "A1",
    "quantity": 3,
    "price": 9.5,
    "express": False,
    "gift": True,
    "currency": "USD",
    "due": "2026-11-30",
    "address": {"city": "Graz"},
    "items": [{"sku": "a", "count": 1}, {"sku": "b"}],
}


def test_what_was_filled_in_becomes_json() -> None:
    form = posted(ORDER, *FILLED)

    assert form.check(Schema.of(ORDER))
    assert form.value == VALUE


def test_what_was_left_empty_is_left_out_and_nullable_fields_are_null() -> None:
    form = posted(ORDER, ("orderId", "A1"), ("quantity", "1"), ("express", "true"), ("due", ""))

    assert form.value == {
        "orderId": "A1",
        "quantity": 1,
        "express": True,
        "gift": False,
        "due": None,
    }


def test_a_form_shows_a_value_as_it_would_be_filled_in() -> None:
    page = str(SchemaForm(ORDER, value=VALUE))

    assert 'name="input.orderId"' in page
    assert 'value="A1"' in page
    assert '<option value="1" selected>USD</option>' in page
    assert 'name="input.items.1.sku"' in page
    assert 'type="date"' in page
    assert 'min="1" max="9" step="1"' in page


def test_defaults_stand_in_a_form_that_nobody_filled_in() -> None:
    page = str(
        SchemaForm({"type": "object", "properties": {"n": {"type": "number", "default": 7}}})
    )

    assert 'value="7"' in page


def test_what_cannot_be_read_stays_in_its_field_with_the_reason() -> None:
    form = posted(ORDER, ("orderId", "A1"), ("quantity", "many"), ("express", "true"))

    assert form.errors == {("quantity",): "Enter a whole number"}
    assert 'value="many"' in str(form)
    assert 'aria-describedby="id_input.quantity_error"' in str(form)


def test_errors_of_the_schema_are_said_at_their_fields() -> None:
    form = posted(
        ORDER,
        ("orderId", "A1"),
        ("quantity", "12"),
        ("express", "true"),
        ("items.__row", "0"),
        ("items.0.count", "1"),
        ("items.0.sku", "x"),
    )
    schema = Schema.of({**ORDER, "required": [*ORDER["required"], "price"]})

    assert not form.check(schema)
    assert set(form.errors) == {("quantity",), ("price",)}


def test_an_error_below_what_is_shown_is_said_at_the_nearest_field() -> None:
    free = {"type": "object", "additionalProperties": {"type": "integer"}}
    form = posted({"type": "object", "properties": {"tags": free}}, ("tags", '{"a": "x"}'))

    form.check(Schema.of({"type": "object", "properties": {"tags": free}}))

    assert form.errors == {("tags",): 'a: the value is not of type "integer"'}


@pytest.mark.parametrize(
    ("button", "value"),
    [
        ("add:input.items", [{"sku": "a"}, {"sku": ""}]),
        ("remove:input.items.0", []),
        ("remove:input.nothing.0", [{"sku": "a"}]),
        ("add:somewhere.else", [{"sku": "a"}]),
    ],
)
def test_buttons_add_and_remove_rows_without_a_script(button: str, value: list[Any]) -> None:
    form = posted(ORDER, ("items.__row", "0"), ("items.0.sku", "a"), ("__rows", button))

    assert form.value.get("items", []) == value
    assert form.is_rearranged == (not button.startswith("add:somewhere"))


def test_a_form_that_was_rearranged_does_not_complain_yet() -> None:
    form = posted(ORDER, ("quantity", "x"), ("__rows", "add:input.items"))

    assert form.errors == {}
    assert not form.check(Schema.of(ORDER))
    assert form.errors == {}


def test_form_and_json_can_be_exchanged_in_both_directions() -> None:
    as_json = posted(ORDER, *FILLED, ("__mode_to", "json"))
    back = posted(ORDER, ("__mode", "json"), ("__json", as_json.json_text), ("__mode_to", "form"))

    assert (as_json.is_json, as_json.is_rearranged) == (True, True)
    assert (back.is_json, back.value) == (False, VALUE)


def test_json_that_cannot_be_read_is_not_lost_when_the_form_is_asked_for() -> None:
    form = posted(ORDER, ("__mode", "json"), ("__json", '{"a":'), ("__mode_to", "form"))

    assert form.is_json
    assert form.json_text == '{"a":'
    assert "This is no JSON" in str(form)


def test_without_a_schema_there_is_an_editor_of_json() -> None:
    form = posted(None, ("__json", '{"any": [1, 2]}'), ("__mode", "json"))

    assert form.is_only_json
    assert form.check(None)
    assert form.value == {"any": [1, 2]}


def test_a_list_at_the_root_has_rows_and_a_scalar_one_field() -> None:
    rows = posted(
        {"type": "array", "items": {"type": "integer"}}, ("__row", "0"), ("__row", "1"), ("0", "4")
    )
    one = posted({"type": "number"}, ("", "2.5"))

    assert rows.value == [4, None]
    assert one.value == 2.5


class Line(BaseModel):
    sku: str
    count: int = 1


class Basket(BaseModel):
    owner: str | None
    kind: Literal["small", "large"] = "small"
    lines: list[Line]
    extra: dict[str, int] = Field(default_factory=dict)
    either: int | str = 1


def test_a_pydantic_model_is_read_through_its_references() -> None:
    spec = read_schema(Basket.model_json_schema())
    members = dict(spec.members)

    assert {name: member.kind for name, member in members.items()} == {
        "owner": Kind.TEXT,
        "kind": Kind.CHOICE,
        "lines": Kind.ROWS,
        "extra": Kind.JSON,
        "either": Kind.JSON,
    }
    assert members["owner"].nullable
    item = members["lines"].item
    assert item is not None and [name for name, _ in item.members] == ["sku", "count"]


def test_a_schema_that_contains_itself_ends_in_an_editor_of_json() -> None:
    tree = {
        "$defs": {"t": {"type": "object", "properties": {"next": {"$ref": "#/$defs/t"}}}},
        "$ref": "#/$defs/t",
    }

    page = str(SchemaForm(tree))

    assert "input.next.next.next" in page
    assert '<textarea class="mono short"' in page


def test_whatever_a_schema_or_value_says_is_escaped() -> None:
    evil = '"><script>alert(1)</script>'
    schema = {
        "type": "object",
        "description": evil,
        "properties": {
            evil: {"type": "string", "title": evil, "description": evil, "pattern": evil},
            "c": {"enum": [evil], "title": evil},
            "r": {"type": "array", "items": {"type": "string", "title": evil}},
        },
    }

    page = str(SchemaForm(schema, value={evil: evil, "c": evil, "r": [evil]}))
    as_json = str(SchemaForm(schema, value={evil: evil}, as_json=True))

    assert "<script" not in page + as_json


def test_moments_are_of_the_time_zone_of_the_pages(settings: Any) -> None:
    settings.TIME_ZONE = "UTC"
    schema = {"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}}}

    form = posted(schema, ("at", "2026-11-23T10:30"))

    assert form.value == {"at": "2026-11-23T10:30:00+00:00"}
    assert 'value="2026-11-23T10:30"' in str(form)


def test_a_text_keeps_its_lines() -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}

    form = posted(schema, ("text", "one\r\n\r\ntwo"))

    assert form.value == {"text": "one\n\ntwo"}
    assert "<textarea" in str(form)
