from __future__ import annotations

from .schemas import json_schema


def test_a_schema_that_is_left_out_allows_anything() -> None:
    assert json_schema(None) == {}


def test_nullable_parts_also_allow_null() -> None:
    schema = {
        "type": "object",
        "properties": {
            "nullable": {"type": "string", "nullable": True, "default": "x"},
            "kinds": {"type": "array", "items": {"enum": ["a", "b"], "nullable": True}},
        },
        "required": ["nullable"],
        "additionalProperties": False,
    }

    assert json_schema(schema) == {
        "type": "object",
        "properties": {
            "nullable": {"type": ["string", "null"], "default": "x"},
            "kinds": {"type": "array", "items": {"enum": ["a", "b", None]}},
        },
        "required": ["nullable"],
        "additionalProperties": False,
    }
