"""A short form of each drill, by its command, so that its figures are checked as they are printed.

They run beside other tests, so the outages are short; `make drills` holds them at full length.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.acceptance
ROOT = Path(__file__).resolve().parent.parent.parent


def held(*arguments: str) -> dict[str, str]:
    """Hold a drill in a process of its own; return its figures, which it says are right."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RUNS_")}
    outcome = subprocess.run(
        [sys.executable, "-m", "tests.drills", *arguments],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert outcome.returncode == 0, f"{outcome.stdout}\n{outcome.stderr}"
    *lines, verdict = outcome.stdout.strip().splitlines()
    assert verdict == "passed"
    return dict(line.strip().split(": ", maxsplit=1) for line in lines[1:])


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_runs_outlive_the_killing_of_whatever_works_on_them(database: str) -> None:
    figures = held("--database", database, "kills", "--runs", "24", "--kills", "4")

    assert figures["runs by status"] == "{'success': 24}"
    assert figures["steps recorded"] == "240"
    assert figures["processes left over at the end"] == "0"


def test_starts_are_accepted_while_the_broker_hangs() -> None:
    figures = held("broker", "--runs", "20", "--seconds", "3", "--hangs")

    assert figures["runs by status"] == "{'success': 20}"
    assert figures["starts refused and tried again"] == "0"


def test_runs_go_on_when_the_database_is_back() -> None:
    figures = held("--database", "postgres", "database", "--runs", "20", "--seconds", "2")

    assert figures["runs by status"] == "{'success': 20}"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_runs_go_on_when_the_disk_has_room_again() -> None:
    figures = held("disk", "--runs", "20", "--seconds", "2")

    assert figures["runs by status"] == "{'success': 20}"


def test_a_clock_that_jumps_by_an_hour_makes_nothing_recorded_run_again() -> None:
    figures = held("clock", "--runs", "20", "--seconds", "2")

    assert figures["runs by status"] == "{'success': 20}"


def test_exactly_the_starts_that_were_committed_run() -> None:
    figures = held("storm", "--runs", "40")

    assert figures["of these committed"] == "20"
    assert figures["runs by status"] == "{'success': 20}"
