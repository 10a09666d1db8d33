"""What the reference pages must not forget: settings, errors, checks and decisions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints

import pytest

from runs import exceptions
from runs.conf import Conf
from runs.exceptions import RunsError

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
TYPES = {str: "text", int: "whole number", float: "number", bool: "switch"}
SETTINGS = {f"RUNS_{name}": kind for name, kind in get_type_hints(Conf).items()}
ERRORS = [
    value
    for value in vars(exceptions).values()
    if isinstance(value, type) and issubclass(value, RunsError)
]


def rows(page: str) -> dict[str, list[str]]:
    """The table rows of a page by what stands in their first cell."""
    lines = (DOCS / page).read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return {row[0].strip("`"): [cell.strip("`") for cell in row[1:]] for row in cells}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_documented_with_its_type_and_default(name: str) -> None:
    default = getattr(Conf, name.removeprefix("RUNS_"))

    assert rows("reference/settings.md")[name][:2] == [TYPES[SETTINGS[name]], str(default)]


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = {name for name in rows("reference/settings.md") if name.startswith("RUNS_")}

    assert documented - set(SETTINGS) == {"RUNS_DATA"}


def test_every_variable_that_the_project_reads_is_documented() -> None:
    source = (ROOT / "project" / "settings.py").read_text()
    page = (DOCS / "reference/settings.md").read_text()

    assert [name for name in re.findall(r'read\("(\w+)"', source) if f"`{name}" not in page] == []


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_is_documented_with_its_code_and_status(error: type[RunsError]) -> None:
    expected = [error.code, str(error.status)]

    assert rows("reference/errors.md")[error.__name__][:2] == expected


def test_no_error_is_documented_that_does_not_exist() -> None:
    documented = {name for name in rows("reference/errors.md") if name[:1].isupper()}

    assert documented == {error.__name__ for error in ERRORS}


def test_every_check_is_documented() -> None:
    source = (ROOT / "runs" / "checks.py").read_text()
    documented = {name for name in rows("reference/settings.md") if name.startswith("runs.")}

    assert documented == set(re.findall(r'id="(runs\.[EW]\d+)"', source))


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    listed = re.findall(r"\((0.+\.md)\)", (DOCS / "decisions" / "README.md").read_text())

    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    assert [page.name for page in pages] == listed
