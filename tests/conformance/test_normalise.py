from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from runs.exceptions import AlreadyResumed, RunNotSuspended

from .normalise import normal_message, normaliser

RUN_IDS = {
    "main": "0b0e4b6e-91a5-4a3b-8b52-0d6f64f2a001",
    "other": "0b0e4b6e-91a5-4a3b-8b52-0d6f64f2a002",
}
normal = normaliser(RUN_IDS)


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"a": None, "b": [None, {"c": None}]}, {"b": [None, {}]}),
        ({"startedAt": 1700000000000, "endedAt": "2026-01-01"}, {"startedAt": "<ts>", "endedAt": "<ts>"}),  # noqa: E501
        ({"timestamp": None, "createdAt": datetime(2026, 1, 1, tzinfo=UTC)}, {"createdAt": "<ts>"}),
        ({"startedAt": {"v": 1}, "endedAt": True}, {"startedAt": {"v": 1}, "endedAt": True}),
        ({"stack": "x", "stepCallId": "y", "usage": {"tokens": 1}, "v": 1}, {"usage": "<usage>", "v": 1}),  # noqa: E501
        ({"v": (1, 2), "flag": False, "zero": 0}, {"v": [1, 2], "flag": False, "zero": 0}),
    ],
)  # fmt: skip
def test_times_nulls_and_bookkeeping_go(value: Any, result: Any) -> None:
    assert normal(value) == result


def test_ids_of_runs_get_their_alias_in_texts_and_keys() -> None:
    main, other = RUN_IDS.values()
    stranger = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

    value = normal({main: f"{main} and {other}, not {stranger}", "id": stranger})

    assert value == {"<runId>": "<runId> and <runId:other>, not <uuid>", "id": "<uuid>"}


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (ValueError("no"), {"error": "no"}),
        (RunNotSuspended(), {"error": "This workflow run was not suspended"}),
        (AlreadyResumed("late"), {"error": "late", "id": "WORKFLOW_RESUME_ALREADY_CLAIMED"}),
        ({"message": "no", "name": "Error", "code": "lower_case"}, {"error": "no"}),
        ({"message": "no", "name": "E", "id": "ID", "code": "X"}, {"error": "no", "id": "ID"}),
        ({"message": "no", "stack": "at"}, {"error": "no"}),
        ({"message": "no", "domain": "D", "code": "A_CODE"}, {"error": "no", "id": "A_CODE"}),
        ({"message": "a user's own"}, {"message": "a user's own"}),
    ],
)  # fmt: skip
def test_errors_become_their_message_and_id(error: Any, result: Any) -> None:
    assert normal({"error": error}) == {"error": result}


@pytest.mark.parametrize(
    ("message", "result"),
    [
        ("just so", "just so"),
        ("Invalid input data: \n- v: b\n- a.0.b: a: c", "Invalid input data:\n- a.0.b: <issue>\n- v: <issue>"),  # noqa: E501
        ("Step input validation failed: \n- : x", "Step input validation failed:\n- : <issue>"),
        ("Invalid path a.b in step s", "Invalid path a.b in step s"),
        ("Two lines\n- v: stay", "Two lines\n- v: stay"),
        ("Multiple suspended steps found: [b], [a]. Please say", "Multiple suspended steps found: <ids>. Please say"),  # noqa: E501
        ("Not so. Available suspended steps: [b, a]", "Not so. Available suspended steps: [<ids>]"),
        ("Steps recorded in the snapshot: b, a. The stored", "Steps recorded in the snapshot: <ids>. The stored"),  # noqa: E501
        ("'NoneType' object is not iterable", "<language error>"),
    ],
)  # fmt: skip
def test_messages_lose_the_wording_that_is_free(message: str, result: str) -> None:
    assert normal_message(message) == result
