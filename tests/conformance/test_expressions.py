from __future__ import annotations

from typing import Any

import pytest

from .expressions import ExpressionError, Scope, evaluate

VALUES: dict[str, Any] = {
    "input": {"v": 3, "items": [{"v": 1}, {"v": 2}], "none": None, "text": "abc"},
    "resume": None,
    "n": 2,
}
SCOPE = Scope(
    roots={name: lambda value=value: value for name, value in VALUES.items()},
    keyed={"steps": {"a": {"v": 7}}.get, "ctx": {"user": {"name": "ann"}}.get},
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("n", 2),
        ("input.v", 3),
        ("input.items.1.v", 2),
        ("input.items.2.v", None),
        ("input.items.v", None),
        ("input.text.v", None),
        ("input.none.deeper", None),
        ("resume.k", None),
        ("nowhere", None),
        ("steps.a", {"v": 7}),
        ("steps.a.v", 7),
        ("steps.b.v", None),
        ("ctx.user.name", "ann"),
        ("ctx.other", None),
    ],
)
def test_a_path_reads_a_value_and_whatever_is_missing_is_none(path: str, value: Any) -> None:
    assert evaluate({"$": path}, SCOPE) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (5, 5),
        ("$v", "$v"),
        ([1, {"$": "n"}], [1, 2]),
        ({"a": {"$": "n"}, "b": 1}, {"a": 2, "b": 1}),
        ({"$": "n", "$add": [1]}, {"$": "n", "$add": [1]}),
        ({"$lit": {"$": "n"}}, {"$": "n"}),
        ({"$add": [1, {"$": "n"}, None]}, 3),
        ({"$add": []}, 0),
        ({"$sub": [5, None]}, 5),
        ({"$mul": [2, 3, 4]}, 24),
        ({"$mul": [2, None]}, 0),
        ({"$mod": [7, 4]}, 3),
        ({"$sum": {"$map": [{"$": "input.items"}, {"$": "item.v"}]}}, 3),
        ({"$map": [["x", "y"], {"$": "index"}]}, [0, 1]),
        (
            {"$map": [[1, 2], {"$map": [[10], {"$add": [{"$": "item"}, {"$": "index"}]}]}]},
            [[10], [10]],
        ),
        ({"$concat": ["a", 1, None, True, {"b": [1, "ä"], "a": None}]}, 'a1nulltrue{"a":null,"b":[1,"ä"]}'),  # noqa: E501
        ({"$len": "abc"}, 3),
        ({"$len": [1, 2]}, 2),
        ({"$len": {"a": 1}}, 0),
        ({"$range": 3}, [0, 1, 2]),
        ({"$range": -1}, []),
        ({"$range": "3"}, []),
        ({"$range": True}, []),
        ({"$merge": [{"a": 1, "b": 1}, None, [1], {"b": 2}]}, {"a": 1, "b": 2}),
        ({"$keys": {"b": 1, "a": 2}}, ["a", "b"]),
        ({"$keys": [1]}, []),
        ({"$values": {"b": 1, "a": 2}}, [2, 1]),
        ({"$values": [3]}, [3]),
        ({"$values": "text"}, []),
    ],
)  # fmt: skip
def test_operators_compute_values(expression: Any, value: Any) -> None:
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"$eq": [{"a": 1, "b": [2]}, {"b": [2], "a": 1}]}, True),
        ({"$eq": [True, 1]}, False),
        ({"$eq": [False, 0]}, False),
        ({"$eq": [{"$": "resume"}, None]}, True),
        ({"$ne": [[1], [True]]}, True),
        ({"$lt": [1, 2]}, True),
        ({"$lte": [2, 2]}, True),
        ({"$gt": ["b", "a"]}, False),
        ({"$gte": [1, None]}, False),
        ({"$lt": [False, 1]}, False),
        ({"$not": 0}, True),
        ({"$not": True}, False),
        ({"$and": [True, 1]}, False),
        ({"$and": []}, True),
        ({"$or": [1, True]}, True),
        ({"$or": []}, False),
        ({"$exists": 0}, True),
        ({"$exists": {"$": "input.none"}}, False),
        ({"$if": [1, "then", "else"]}, "else"),
        ({"$if": [True, "then", "else"]}, "then"),
    ],
)
def test_operators_judge_as_json_does(expression: Any, value: Any) -> None:
    assert evaluate(expression, SCOPE) is value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"$and": [False, {"$throw": "reached"}]}, False),
        ({"$or": [True, {"$throw": "reached"}]}, True),
        ({"$if": [True, 1, {"$throw": "reached"}]}, 1),
    ],
)
def test_operands_that_decide_nothing_are_not_evaluated(expression: Any, value: Any) -> None:
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"$add": [1, "2"]}, "not a number"),
        ({"$add": [1, True]}, "not a number"),
        ({"$sum": 3}, "not a list"),
        ({"$concat": "a"}, "not a list"),
        ({"$map": [{"a": 1}, 1]}, "not a list"),
        ({"$throw": "no luck"}, "no luck"),
        ({"$nonsense": 1}, "unknown operator $nonsense"),
    ],
)
def test_what_cannot_be_computed_raises(expression: Any, message: str) -> None:
    with pytest.raises(ExpressionError, match=f"^{message.replace('$', '[$]')}$"):
        evaluate(expression, SCOPE)
