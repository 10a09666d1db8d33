"""Every recorded case, in the core profile: one test each, named as the case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .runner import run_case

CASES = sorted(Path(__file__).with_name("cases").glob("*.json"))


@pytest.mark.conformance
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_engine_does_what_was_recorded(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))

    outcome = run_case(case, "core")

    assert outcome.passed, "\n".join([f"{case['name']}: {case['about']}", *outcome.lines()])
