"""Schemas declared as pydantic models and types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, computed_field

from runs.definition.misfit import SchemaError
from runs.definition.schema import Schema
from runs.exceptions import DefinitionError


class Line(BaseModel):
    sku: str
    count: int = 1
    note: str | None = None


class Order(BaseModel):
    order_id: str = Field(alias="orderId")
    lines: list[Line] = []
    parent: Order | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def size(self) -> int:
        return len(self.lines)


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    when: datetime
    tags: tuple[str, ...] = ()


@dataclass
class Point:
    x: int
    y: int = 0


def schema(source: Any) -> Schema:
    made = Schema.of(source)
    assert made is not None
    return made


def test_defaults_are_filled_in_and_unknown_keys_dropped() -> None:
    value = schema(Order).validate({"orderId": "A1", "lines": [{"sku": "x", "z": 1}], "y": 2})

    assert value == {"orderId": "A1", "lines": [{"sku": "x", "count": 1}]}


def test_null_stays_where_it_was_given() -> None:
    assert schema(Line).validate({"sku": "x", "note": None}) == {
        "sku": "x",
        "count": 1,
        "note": None,
    }


def test_an_instance_is_as_good_as_its_json() -> None:
    order = Order(orderId="A1", lines=[Line(sku="x")])

    assert schema(Order).validate(order) == {
        "orderId": "A1",
        "lines": [{"sku": "x", "count": 1, "note": None}],
        "parent": None,
    }


def test_user_code_receives_an_instance() -> None:
    stored = schema(Order).validate({"orderId": "A1", "lines": [{"sku": "x"}]})

    assert schema(Order).load(stored) == Order(orderId="A1", lines=[Line(sku="x")])


def test_a_stored_value_can_be_loaded_whatever_the_model_forbids() -> None:
    made = schema(Strict)

    stored = made.validate({"when": "2026-01-02T03:04:05Z", "tags": ["a"]})

    assert stored == {"when": "2026-01-02T03:04:05Z", "tags": ["a"]}
    assert made.load(stored) == Strict(when=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), tags=("a",))


def test_fields_may_be_named_as_in_python_too() -> None:
    assert schema(Order).validate({"order_id": "A1"}) == {"orderId": "A1", "lines": []}


def test_issues_have_the_path_of_the_json() -> None:
    with pytest.raises(SchemaError) as caught:
        schema(Order).validate({"lines": [{"sku": "x"}, {"count": "many"}]})

    assert caught.value.lines() == [
        "- orderId: Field required",
        "- lines.1.sku: Field required",
        "- lines.1.count: Input should be a valid integer, unable to parse string as an integer",
    ]


@pytest.mark.parametrize(
    ("source", "given", "stored", "loaded"),
    [
        (list[Line], [{"sku": "x"}], [{"sku": "x", "count": 1}], [Line(sku="x")]),
        (dict[str, int], {"a": "1"}, {"a": 1}, {"a": 1}),
        (Annotated[int, Field(gt=0)], 3, 3, 3),
        (int | None, None, None, None),
        (Point, {"x": 1}, {"x": 1, "y": 0}, Point(1)),
        (TypeAdapter(tuple[int, str]), [1, "a"], [1, "a"], (1, "a")),
    ],
)
def test_any_type_pydantic_reads_is_a_schema(
    source: Any, given: Any, stored: Any, loaded: Any
) -> None:
    made = schema(source)

    assert made.validate(given) == stored
    assert made.load(stored) == loaded


def test_the_json_schema_is_written_without_references() -> None:
    class Shipment(BaseModel):
        first: Line
        other: tuple[Line, int] = Field((Line(sku="x"), 1), description="An example")

    line = {
        "title": "Line",
        "type": "object",
        "properties": {
            "sku": {"title": "Sku", "type": "string"},
            "count": {"title": "Count", "type": "integer", "default": 1},
            "note": {
                "title": "Note",
                "anyOf": [{"type": "string"}, {"type": "null"}],
                "default": None,
            },
        },
        "required": ["sku"],
    }
    assert schema(Shipment).json_schema == {
        "title": "Shipment",
        "type": "object",
        "properties": {
            "first": line,
            "other": {
                "title": "Other",
                "description": "An example",
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "items": [line, {"type": "integer"}],
                "additionalItems": True,
                "default": [{"sku": "x", "count": 1, "note": None}, 1],
            },
        },
        "required": ["first"],
    }


def test_a_model_that_contains_itself_keeps_one_definition() -> None:
    class Tree(BaseModel):
        kids: list[Tree] = []

    Tree.model_rebuild()
    kids = {
        "title": "Kids",
        "type": "array",
        "items": {"$ref": "#/definitions/Tree"},
        "default": [],
    }
    tree = {"title": "Tree", "type": "object", "properties": {"kids": kids}}

    assert schema(Tree).json_schema == {**tree, "definitions": {"Tree": tree}}


def test_a_property_may_be_named_like_a_keyword() -> None:
    class Odd(BaseModel):
        default: Line
        properties: int = 3

    written = schema(Odd).json_schema["properties"]

    assert written["default"]["type"] == "object"
    assert written["properties"] == {"title": "Properties", "type": "integer", "default": 3}


@pytest.mark.parametrize("source", ["Order", 3, [Line], lambda ctx: None, open, True])
def test_what_is_neither_type_nor_json_schema_is_refused(source: Any) -> None:
    with pytest.raises(DefinitionError, match=r"^Workflow 'w': input_schema: "):
        Schema.of(source, where="Workflow 'w': input_schema")


def test_a_class_that_pydantic_cannot_read_is_refused() -> None:
    class Opaque:
        pass

    with pytest.raises(DefinitionError, match="cannot be used as a schema: Unable to generate"):
        Schema.of(Opaque)


def test_nothing_declares_no_schema_and_a_schema_is_itself() -> None:
    made = Schema.of(int)

    assert Schema.of(None) is None
    assert Schema.of(made) is made
