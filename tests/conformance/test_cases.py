"""Every recorded case: one test each, named as the case; some differ on purpose, and must."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .differences import listed
from .runner import run_case

CASES = sorted(Path(__file__).with_name("cases").glob("*.json"))
#: Recorded by hand where the cases do not look; what differs on purpose is not among them.
CORNERS = sorted(Path(__file__).with_name("corners").glob("*.json"))


@pytest.mark.conformance
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_engine_does_what_was_recorded(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    known = listed().get(path.stem)

    if known is not None:
        assert not run_case(case, known.profile).passed, "It agrees: take it off the page"
    if known is None or known.profile == "exact":
        outcome = run_case(case, "exact" if known is None else "core")
        assert outcome.passed, "\n".join([f"{case['name']}: {case['about']}", *outcome.lines()])


@pytest.mark.conformance
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", CORNERS, ids=lambda path: path.stem)
def test_the_engine_does_what_was_recorded_in_a_corner(path: Path) -> None:
    outcome = run_case(json.loads(path.read_text(encoding="utf-8")), "core")

    assert outcome.passed, "\n".join([outcome.name, *outcome.lines()])
