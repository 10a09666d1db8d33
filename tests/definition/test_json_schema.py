"""Schemas declared as JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.definition.misfit import SchemaError
from runs.definition.schema import Schema
from runs.exceptions import DefinitionError


def schema(source: dict[str, Any]) -> Schema:
    made = Schema.of(source)
    assert made is not None
    return made


def properties(required: tuple[str, ...] = (), /, **parts: Any) -> dict[str, Any]:
    return {"type": "object", "properties": parts, "required": list(required)}


def lines(source: dict[str, Any], value: Any) -> list[str]:
    with pytest.raises(SchemaError) as caught:
        schema(source).validate(value)
    return caught.value.lines()


INTEGER = {"type": "integer"}


def test_the_empty_schema_takes_anything_and_nothing_at_all() -> None:
    values = [None, 1, "a", [None], {"a": None}]

    assert [schema({}).validate(value) for value in values] == values


def test_unknown_keys_are_dropped() -> None:
    value = schema(properties(a=INTEGER)).validate({"a": 1, "b": 2})

    assert value == {"a": 1}


def test_an_object_without_declared_properties_keeps_all_keys() -> None:
    assert schema({"type": "object"}).validate({"a": 1}) == {"a": 1}


def test_a_required_key_is_known_even_if_it_is_not_described() -> None:
    assert schema(properties(("b",), a=INTEGER)).validate({"b": 1, "c": 2}) == {"b": 1}


def test_unknown_keys_stay_where_the_schema_allows_them() -> None:
    source = properties(a=INTEGER) | {"additionalProperties": True}

    assert schema(source).validate({"a": 1, "b": 2}) == {"a": 1, "b": 2}


def test_unknown_keys_are_one_issue_of_the_object_that_forbids_them() -> None:
    closed = properties(a=INTEGER) | {"additionalProperties": False}

    assert lines(closed, {"b": 1, "c": 2}) == [
        "- : Additional properties are not allowed ('b', 'c' were unexpected)"
    ]


def test_missing_properties_get_their_default() -> None:
    source = properties(
        ("a", "b"), a=INTEGER | {"default": 3}, b=properties(c={"default": [1]}), d=INTEGER
    )

    assert schema(source).validate({"b": {}}) == {"a": 3, "b": {"c": [1]}}


def test_a_default_is_a_new_value_each_time() -> None:
    made = schema(properties(tags={"type": "array", "default": []}))

    made.validate({})["tags"].append("changed by a body")

    assert made.validate({}) == {"tags": []}


def test_nothing_becomes_the_default_of_the_whole() -> None:
    assert schema({"type": "integer", "default": 7}).validate(None) == 7


def test_null_is_a_value_and_not_replaced_by_a_default() -> None:
    assert lines(properties(a=INTEGER | {"default": 3}), {"a": None}) == [
        '- a: the value is not of type "integer"'
    ]


def test_a_property_that_is_not_required_may_be_missing() -> None:
    assert schema(properties(a=INTEGER)).validate({}) == {}


def test_each_missing_required_property_is_an_issue_at_its_own_path() -> None:
    source = properties(("list",), list={"type": "array", "items": properties(("v", "w"))})

    assert lines(source, {"list": [{"v": 1, "w": 2}, {}]}) == [
        '- list.1.v: "v" is a required property',
        '- list.1.w: "w" is a required property',
    ]


def test_issues_name_their_path_and_never_the_value() -> None:
    source = properties(
        a=INTEGER | {"maximum": 3}, kind={"enum": ["x", "y"]}, s={"type": "string", "minLength": 2}
    )

    assert lines(source, {"a": 9, "kind": "secret", "s": "s"}) == [
        "- a: the value is greater than the maximum of 3",
        '- kind: the value is not one of "x" or "y"',
        "- s: the value is shorter than 2 characters",
    ]


def test_a_value_of_the_wrong_type_is_one_issue_even_with_an_enum() -> None:
    source = {"type": "string", "enum": ["a"]}

    assert lines(source, 5) == ['- : the value is not of type "string"']


def test_a_boolean_is_not_a_number() -> None:
    assert lines(INTEGER, True) == ['- : the value is not of type "integer"']


def test_definitions_are_followed_also_into_themselves() -> None:
    tree = properties(v=INTEGER | {"default": 0}, kids={"items": {"$ref": "#/$defs/tree"}})
    source = {
        "$ref": "#/$defs/tree",
        "$defs": {"tree": tree},
    }

    value = schema(source).validate({"kids": [{"v": 1, "x": 2}, {"kids": [{}]}]})

    assert value == {"v": 0, "kids": [{"v": 1}, {"v": 0, "kids": [{"v": 0}]}]}


def test_of_several_alternatives_the_first_that_fits_shapes_the_value() -> None:
    card = properties(("card",), card={"type": "string"}, tries=INTEGER | {"default": 1})
    cash = properties(("cash",), cash=INTEGER)

    made = schema({"anyOf": [card, cash, {"type": "null"}]})

    assert made.validate({"card": "4242", "x": 1}) == {"card": "4242", "tries": 1}
    assert made.validate({"cash": 5, "x": 1}) == {"cash": 5}
    assert made.validate(None) is None


def test_alternatives_may_refer_to_definitions() -> None:
    source = {
        "oneOf": [{"$ref": "#/$defs/cash"}, {"type": "string"}],
        "$defs": {"cash": properties(("cash",), cash=INTEGER, currency={"default": "EUR"})},
    }

    assert schema(source).validate({"cash": 5}) == {"cash": 5, "currency": "EUR"}


@pytest.mark.parametrize(
    "more",
    [
        {"allOf": [properties(b=INTEGER)]},
        {"patternProperties": {"^b": INTEGER}},
        {"if": properties(("b",)), "then": properties(("a",))},
    ],
)
def test_no_key_is_dropped_where_the_schema_may_know_more_of_them(more: dict[str, Any]) -> None:
    assert schema(properties(a=INTEGER) | more).validate({"a": 1, "b": 2}) == {"a": 1, "b": 2}


def test_items_of_tuples_are_shaped_by_position() -> None:
    one = properties(a={"default": 1})
    source = {"prefixItems": [one, {}], "items": properties(b={"default": 2})}

    assert schema(source).validate([{"x": 1}, {"x": 1}, {"x": 1}]) == [{"a": 1}, {"x": 1}, {"b": 2}]


def test_values_of_further_keys_are_shaped_too() -> None:
    source = {"additionalProperties": properties(a={"default": 1})}

    assert schema(source).validate({"x": {"y": 2}}) == {"x": {"a": 1}}


def test_the_value_given_is_not_changed() -> None:
    given = {"a": {"b": 1, "c": 2}, "d": 3}

    schema(properties(a=properties(b=INTEGER, e={"default": 5}))).validate(given)

    assert given == {"a": {"b": 1, "c": 2}, "d": 3}


@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.integers(-9, 9) | st.none() | st.lists(st.integers(0, 9))
    )
)
def test_a_validated_value_is_valid_and_stays_as_it_is(value: dict[str, Any]) -> None:
    made = schema(
        properties(a={"default": 1}, b={"type": "array"}, c={"type": ["null", "integer"]})
    )
    try:
        once = made.validate(value)
    except SchemaError:
        return

    assert made.validate(once) == once


def test_draft_7_is_understood_where_it_is_declared() -> None:
    source = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"n": INTEGER},
        "items": [{"$ref": "#/definitions/n"}],
        "additionalItems": False,
    }

    assert schema(source).validate([1]) == [1]
    assert lines(source, ["x", 2])[0] == '- 0: the value is not of type "integer"'


def test_user_code_receives_the_json_value_itself() -> None:
    value = {"a": 1}

    assert schema(properties(a=INTEGER)).load(value) is value


@pytest.mark.parametrize(
    "source",
    [
        {"type": "strnig"},
        {"properties": []},
        {"$ref": "#/$defs/missing"},
        {"anyOf": [{"$ref": "#/$defs/missing"}]},
        {"minimum": "3"},
    ],
)
def test_what_is_no_json_schema_is_refused_when_it_is_declared(source: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=r"^Step 'pay': input_schema: "):
        Schema.of(source, where="Step 'pay': input_schema")
