from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from .compare import Difference, Profile, compare, lane_of

STEP = {"status": "success", "payload": {"v": 1}, "output": {"v": 2}, "startedAt": "<ts>"}
RECORD = {
    "result": {"status": "success", "steps": {"a": STEP}, "stepExecutionPath": ["a"]},
    "log": [{"step": "a", "input": {"v": 1}}, {"step": "b", "input": {"v": 2}}],
    "stored": "success",
}


def case(record: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"actions": [{"do": "start"}], "expect": [record], **more}


def differs(expected: Any, got: Any, profile: Profile = "exact", **more: Any) -> bool:
    return bool(compare(case(expected, **more), [got], profile))


@pytest.mark.parametrize("profile", ["core", "exact"])
def test_a_record_equals_itself(profile: Profile) -> None:
    assert compare(case(RECORD), [deepcopy(RECORD)], profile) == []


@pytest.mark.parametrize("profile", ["core", "exact"])
@pytest.mark.parametrize(
    "change",
    [
        {"stored": "failed"},
        {"stored": None},
        {"log": RECORD["log"][::-1]},
        {"log": RECORD["log"][:1]},
        {"log": [*RECORD["log"], {"step": "a"}]},
        {"result": RECORD["result"] | {"status": "failed"}},
        {"result": RECORD["result"] | {"steps": {"a": STEP | {"output": {"v": True}}}}},
        {"throws": {"error": "no"}},
    ],
)
def test_a_changed_record_differs(profile: Profile, change: dict[str, Any]) -> None:
    assert differs(RECORD, RECORD | change, profile)


def test_a_difference_names_its_action_and_field() -> None:
    got = {key: value for key, value in RECORD.items() if key != "stored"}

    differences = compare(case(RECORD), [got, {"log": []}], "exact")

    assert differences == [
        Difference(0, "start", "stored", "success", None),
        Difference(1, "?", "log", None, {}),
    ]


def test_a_missing_record_differs_in_every_field() -> None:
    differences = compare(case(RECORD), [], "exact")

    assert [one.field for one in differences] == ["log", "result", "stored"]


@pytest.mark.parametrize(
    "change",
    [
        {"stepExecutionPath": []},
        {"activePaths": [1]},
        {"steps": {"a": STEP | {"payload": None}}},
        {"steps": {"a": {k: v for k, v in STEP.items() if k != "startedAt"}}},
        {"steps": {"a": STEP | {"suspendPayload": {"__workflow_meta": {"runId": "x"}}}}},
    ],
)
def test_bookkeeping_counts_in_the_exact_profile_only(change: dict[str, Any]) -> None:
    changed = RECORD | {"result": RECORD["result"] | change}

    assert differs(RECORD, changed, "exact")
    assert not differs(RECORD, changed, "core")


def test_order_counts_within_a_lane_and_not_across_lanes() -> None:
    lanes = {"a": "left", "b": "right", "c": "right"}
    a, b, c = ({"step": name} for name in "abc")

    assert not differs({"log": [a, b, c]}, {"log": [b, a, c]}, lanes=lanes)
    assert differs({"log": [a, b, c]}, {"log": [a, c, b]}, lanes=lanes)


def test_order_and_count_mean_nothing_in_a_bag() -> None:
    lanes, bags = {"a": "each"}, ["each"]
    first = {"type": "workflow-step-progress", "payload": {"id": "a", "completedCount": 1, "v": 1}}
    second = {"type": "workflow-step-progress", "payload": {"id": "a", "completedCount": 2, "v": 2}}
    swapped = [
        {**second, "payload": second["payload"] | {"completedCount": 1}},
        {**first, "payload": first["payload"] | {"completedCount": 2}},
    ]

    assert not differs({"events": [first, second]}, {"events": swapped}, lanes=lanes, bags=bags)
    assert differs({"events": [first, second]}, {"events": swapped}, lanes=lanes)
    assert differs({"events": [first, second]}, {"events": [first]}, lanes=lanes, bags=bags)


@pytest.mark.parametrize(
    ("item", "lane"),
    [
        ({"step": "a"}, "left"),
        ({"payload": {"id": "nested.a"}}, "left"),
        ({"payload": {"id": "a.unknown"}}, "left"),
        ({"payload": {"stepName": "b"}}, ""),
        ({"type": "workflow-start", "payload": {}}, ""),
        ({"type": "my-chunk", "data": 1}, "*"),
        ({"type": "my-chunk", "payload": "text"}, "*"),
    ],
)
def test_an_item_is_in_the_lane_of_its_innermost_known_id(item: dict[str, Any], lane: str) -> None:
    assert lane_of(item, {"a": "left"}) == lane


def test_chunks_without_an_id_are_in_the_main_lane_of_a_case_without_lanes() -> None:
    assert lane_of({"type": "my-chunk"}, {}) == ""


def test_suspended_paths_and_concurrent_records_have_no_order() -> None:
    expected = {"result": {"suspended": [["a"], ["b"]]}, "concurrent": [{"result": 1}, {}]}
    got = {"result": {"suspended": [["b"], ["a"]]}, "concurrent": [{}, {"result": 1}]}

    assert not differs(expected, got)


def test_unstable_fields_are_not_compared() -> None:
    actions = [{"do": "start", "unstable": ["stored"]}]

    assert not differs({"stored": "success"}, {"stored": "failed"}, actions=actions)


def test_an_expected_error_of_the_language_matches_any_message() -> None:
    expected = {"throws": {"error": "<language error>"}}

    assert not differs(expected, {"throws": {"error": "not iterable", "id": "ANY"}})
    assert differs(expected, {"throws": "not iterable"})
    assert differs({"throws": {"error": "x"}}, expected)
