"""The text of functions in the graph."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from runs.definition.source_text import source_text


def large(ctx: Any) -> bool:
    return bool(ctx.input_data > 3)


class Threshold:
    def __call__(self, ctx: Any) -> bool:
        return bool(ctx > 3)

    def passed(self, ctx: Any) -> bool:
        return not ctx


LARGE = "def large(ctx: Any) -> bool:\n    return bool(ctx.input_data > 3)"
PASSED = "def passed(self, ctx: Any) -> bool:\n    return not ctx"
CALL = "def __call__(self, ctx: Any) -> bool:\n    return bool(ctx > 3)"

# fmt: off
FIRST, SECOND = lambda ctx: ctx["a"] > 3, lambda ctx: {"é": ctx}
OUTER = lambda ctx: (lambda x: x + 1)(ctx)  # noqa: E731
CONSTANTS = (lambda ctx: True, lambda ctx: 3, lambda ctx: None, lambda ctx: "x")
LINES = [
    lambda ctx: (
        ctx
    ),
]
# fmt: on


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (large, LARGE),
        (functools.partial(large), LARGE),
        (Threshold().passed, PASSED),
        (Threshold(), CALL),
        (FIRST, 'lambda ctx: ctx["a"] > 3'),
        (SECOND, 'lambda ctx: {"é": ctx}'),
        (OUTER, "lambda ctx: (lambda x: x + 1)(ctx)"),
        (CONSTANTS[0], "lambda ctx: True"),
        (CONSTANTS[1], "lambda ctx: 3"),
        (CONSTANTS[2], "lambda ctx: None"),
        (CONSTANTS[3], 'lambda ctx: "x"'),
        (LINES[0], "lambda ctx: (\n        ctx\n    )"),
    ],
)
def test_functions_are_shown_as_written(function: Any, text: str) -> None:
    assert source_text(function) == text


def test_a_function_without_source_is_shown_by_its_name() -> None:
    names: dict[str, Any] = {}
    exec("made = lambda ctx: 1\ndef named(ctx): return 1", names)

    assert source_text(names["made"]) == "<lambda>"
    assert source_text(names["named"]) == "named"
    assert source_text(len) == "len"
