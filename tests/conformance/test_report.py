from __future__ import annotations

from .compare import Difference
from .report import Parting, describe, partings


def test_partings_are_the_smallest_parts_that_differ() -> None:
    expected = {"steps": {"a": {"status": "success", "output": 1}}, "status": "success"}
    got = {"steps": {"a": {"status": "failed"}}, "status": "success", "error": "no"}

    assert list(partings(expected, got, "result")) == [
        Parting("result.steps.a.status", "success", "failed"),
        Parting("result.steps.a.output", 1, None),
        Parting("result.error", None, "no"),
    ]


def test_one_missing_element_of_a_list_is_one_parting() -> None:
    expected = [{"id": name} for name in "abcd"]

    assert list(partings(expected, [*expected[:1], *expected[2:]], "events")) == [
        Parting("events[1]", {"id": "b"}, None)
    ]


def test_a_description_is_cut_short_unless_asked_for_in_full() -> None:
    difference = Difference(1, "resume", "result", list(range(9)), [str(n) for n in range(9)])

    short = describe(difference, in_full=False)
    full = describe(difference, in_full=True)

    assert short[:3] == ["result[0]", "  expected 0", '  got      "0"']
    assert short[-1] == "result: 5 more"
    assert len(full) == 9 * 3


def test_long_values_say_how_long_they_are() -> None:
    difference = Difference(0, "start", "stored", None, "x" * 1000)

    shown = describe(difference, in_full=False)[-1]

    assert shown == f'  got      "{"x" * 239}... (1002 characters)'


def test_the_lane_without_a_name_is_called_the_main_lane() -> None:
    [parting] = partings({"": [1]}, {"": [2]}, "log")

    assert parting.path == "log.(main lane)[0]"
