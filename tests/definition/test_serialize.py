"""From what a body returned to plain JSON."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from runs.definition.serialize import plain_text, to_json
from runs.exceptions import NotSerializable

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Parcel:
    weight: float
    sent_on: date


class Order(BaseModel):
    order_id: str = Field(serialization_alias="orderId")
    note: str | None = None


@given(json_values)
def test_plain_json_comes_back_as_the_same_object(value: Any) -> None:
    assert to_json(value, where="It") is value


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, 2), [1, 2]),
        (Point(1, 2), [1, 2]),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(seconds=90), "PT1M30S"),
        (MappingProxyType({"a": (1,)}), {"a": [1]}),
        (Parcel(1.5, date(2026, 1, 2)), {"weight": 1.5, "sent_on": "2026-01-02"}),
        (Order(order_id="A1"), {"orderId": "A1", "note": None}),
        ({1: "one", Colour.RED: 2}, {"1": "one", "red": 2}),
        ([{"deep": [1, (2, Order(order_id="A1"), 3)]}, 4],
         [{"deep": [1, [2, {"orderId": "A1", "note": None}, 3]]}, 4]),
    ],
)  # fmt: skip
def test_python_values_get_their_json_form(value: Any, plain: Any) -> None:
    converted = to_json(value, where="It")

    assert converted == plain
    assert json.loads(json.dumps(converted)) == plain


def test_the_original_is_not_changed() -> None:
    value = {"a": [1, (2,), 3], 5: "five"}

    to_json(value, where="It")

    assert value == {"a": [1, (2,), 3], 5: "five"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"items": [1, {"when": {2}}]}, "at items[1].when: set has no JSON form"),
        ([b"x"], "at [0]: bytes has no JSON form"),
        (float("nan"), ": JSON has no nan"),
        ({"a": float("inf")}, "at a: JSON has no inf"),
        ({"n": 2**64}, "at n: the integer does not fit into 64 bits"),
        ("half \ud800", ": the text contains half a surrogate pair"),
        ({"\ud800": 1}, ": the text contains half a surrogate pair"),
        ({(1, 2): "pair"}, ": a key is a tuple, not a text"),
        ({True: 1}, ": a key is a bool, not a text"),
        ({1: "number", "1": "text"}, ": two keys are the same text"),
        ((number for number in [1]), ": generator has no JSON form"),
        (Order, ": Order is a class"),
        (object(), ": object has no JSON form"),
        ([(1, [2, 3, (4, {5})])], "at [0][1][2][1]: set has no JSON form"),
    ],
)
def test_what_has_no_json_form_is_refused_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(NotSerializable) as caught:
        to_json(value, where="The output of 'pay'")

    expected = f"The output of 'pay' cannot be written as JSON {message}".replace(" :", ":")
    assert caught.value.message == expected


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(NotSerializable, match="contains itself or is nested too deeply"):
        to_json(endless, where="It")


@given(json_values)
def test_plain_json_is_known_by_its_text(value: Any) -> None:
    text = plain_text(value)

    assert text is not None
    assert json.loads(text) == value


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, (2,)]},
        {"a": Colour.RED},
        [Level.HIGH],
        {Colour.RED: 1},
        {1: 2},
        [float("nan"), None],
        {"null": float("inf")},
        [b"x"],
        {"at": datetime(2026, 1, 1, tzinfo=UTC)},
        [UUID(int=1)],
        [2**64],
        ["\ud800"],
        Point(1, 2),
    ],
    ids=repr,
)
def test_what_would_have_to_be_changed_or_refused_is_not_taken_for_plain(value: Any) -> None:
    assert plain_text(value) is None
