"""The list of known differences is short, and explains each one."""

from __future__ import annotations

import json
import re

from .differences import PAGE, listed
from .test_cases import CASES

TAGS = {path.stem: set(json.loads(path.read_text(encoding="utf-8"))["tags"]) for path in CASES}


def test_each_listed_case_exists() -> None:
    assert set(listed()) - set(TAGS) == set()


def test_each_case_is_listed_once() -> None:
    names = re.findall(r"^\| `([\w-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(names) == sorted(listed())


def test_each_difference_has_a_section_that_explains_it() -> None:
    headings = re.findall(r"^##+ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}

    for row in listed().values():
        assert row.profile == "exact" or row.anchor in anchors, row


def test_few_cases_differ_in_what_the_reference_does_on_purpose() -> None:
    """Not counted: its surprises, and what depends on how an engine interleaves."""
    counted = [
        name
        for name, row in listed().items()
        if row.profile == "core" and not TAGS[name] & {"quirk", "interleaving"}
    ]

    assert len(counted) < 20


def test_the_bookkeeping_agrees_in_nearly_all_cases() -> None:
    rest = [name for name in TAGS if name not in listed() or listed()[name].profile == "exact"]
    exact = [name for name in rest if name not in listed()]

    assert len(exact) >= 0.95 * len(rest)
