from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runs.models import Run

from .runner import read_cases, run_case


def case_of(*body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": "made-up",
        "about": "",
        "tags": [],
        "main": "main",
        "workflows": {"main": {"flow": ["a"]}},
        "steps": {"a": {"body": list(body)}},
        "actions": [{"do": "start", "input": 1}],
        "expect": [],
        **more,
    }


@pytest.mark.django_db(transaction=True)
def test_a_case_leaves_its_records_and_no_runs() -> None:
    outcome = run_case(case_of({"return": {"$add": [{"$": "input"}, {"$": "n"}]}}), "core")

    [record] = outcome.records
    assert record["result"]["result"] == 2
    assert record["log"] == [{"step": "a", "input": 1}]
    assert record["stored"] == "success"
    assert outcome.trouble is None
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_case_that_hangs_says_so() -> None:
    outcome = run_case(case_of({"wait": 60_000}), "core", seconds=2)

    assert outcome.trouble == "hangs: not done after 2 s, in action 0"
    assert not outcome.passed


@pytest.mark.django_db(transaction=True)
def test_a_body_that_crashed_logs_nothing_more() -> None:
    crash_once = {"if": {"$eq": [{"$": "n"}, 1]}, "do": [{"crash": True}]}
    late = {"body": [{"wait": 1000}, {"log": "late"}]}
    case = case_of(
        actions=[{"do": "start", "input": 1}, {"do": "restart"}],
        workflows={"main": {"flow": [{"parallel": ["a", "b"]}]}},
        steps={"a": {"body": [crash_once, {"return": "again"}]}, "b": late},
    )

    crashed, restarted = run_case(case, "core").records

    assert crashed["crashed"] is True
    assert crashed["log"] == [{"step": "a", "input": 1}, {"step": "b", "input": 1}]
    assert restarted["log"].count({"step": "b", "note": "late"}) == 1
    assert restarted["result"]["result"] == {"a": "again"}


@pytest.mark.django_db(transaction=True)
def test_an_outcome_tells_each_action_once_with_what_differs_in_it() -> None:
    expected = {"result": {"status": "failed"}, "log": [], "stored": "failed"}
    case = case_of({"fail": "no"}, expect=[expected])

    lines = run_case(case, "core").lines()

    assert lines[0] == "action 0 (start)"
    assert lines[1:4] == [
        "  log.(main lane)",
        "    expected nothing",
        '    got      [{"input":1,"step":"a"}]',
    ]
    assert "  stored" not in lines


@pytest.mark.django_db(transaction=True)
def test_a_case_that_cannot_be_built_says_why() -> None:
    outcome = run_case(case_of(workflows={"main": {"flow": [{"twist": "a"}]}}), "core")

    assert outcome.trouble == "cannot be played: ValueError: unknown node {'twist': 'a'}"


def test_cases_are_chosen_by_name_and_tag(tmp_path: Path) -> None:
    for name, tags in {"bail": [], "bail-nested": ["slow"], "cancel": ["quirk"]}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"name": name, "tags": tags}))

    def chosen(**filters: Any) -> list[str]:
        return [case["name"] for _, case in read_cases(tmp_path, **filters)]

    assert chosen() == ["bail", "bail-nested", "cancel"]
    assert chosen(names=["bail"]) == ["bail", "bail-nested"]
    assert chosen(tags=["slow", "quirk"]) == ["bail-nested", "cancel"]
    assert chosen(skip_tags=["quirk"]) == ["bail", "bail-nested"]
