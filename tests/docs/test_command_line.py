"""The page about the command line names every command, action and option there is."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import DjangoHelpFormatter

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "reference" / "command-line.md").read_text()
OURS = sorted(name for name, app in get_commands().items() if app == "runs")


def parser_of(command: str) -> ArgumentParser:
    return load_command_class("runs", command).create_parser("manage.py", command)


def parsers_below(parser: ArgumentParser) -> Iterator[tuple[str, ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            yield from action.choices.items()


def own_options(parser: ArgumentParser) -> set[str]:
    shared = {"-h", *DjangoHelpFormatter.show_last, "--skip-checks"}
    names = {name for action in parser._actions for name in action.option_strings}
    return {name for name in names if name.startswith("--")} - shared - {"--help"}


@pytest.mark.parametrize("command", OURS)
def test_a_command_and_its_options_are_documented(command: str) -> None:
    section = PAGE.partition(f"\n## {command}\n")[2].partition("\n## ")[0]

    assert section
    assert {
        name for name in own_options(parser_of(command)) if f"| `{name}`" not in section
    } == set()


def test_every_action_of_runs_and_its_options_are_documented() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]

    missing = [
        f"{action} {option}"
        for action, parser in parsers_below(parser_of("runs"))
        for option in own_options(parser)
        if not any(f"`{option}" in row and (action in row or "| all |" in row) for row in rows)
    ]
    undocumented = [
        action for action, _ in parsers_below(parser_of("runs")) if f"| `runs {action}" not in PAGE
    ]
    assert (missing, undocumented) == ([], [])
