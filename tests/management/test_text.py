from __future__ import annotations

import pytest

from runs.management.cli.text import columns, compact, duration, indented


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1.0 s"),
        (59_900, "59.9 s"),
        (60_000, "1 min 0 s"),
        (3_599_000, "59 min 59 s"),
        (3_600_000, "1 h 0 min"),
        (90_061_000, "25 h 1 min"),
    ],
)
def test_durations_read_as_people_say_them(milliseconds, text):
    assert duration(milliseconds) == text


def test_json_on_one_line_is_cut_off_where_it_gets_too_long():
    assert compact({"name": "Zoë"}) == '{"name": "Zoë"}'
    assert compact({"name": "Zoë"}, 15) == '{"name": "Zoë"}'
    assert compact({"name": "Zoë"}, 14) == '{"name": "Z...'
    assert compact({"name": "Zoë"}, 2) == "..."


def test_columns_are_as_wide_as_their_widest_cell():
    assert columns([["a", "b", "c"], ["long", "", "last"]]) == [
        ["a   ", "b", "c"],
        ["long", " ", "last"],
    ]


def test_each_line_is_indented():
    assert indented("a\nb") == "  a\n  b"
