"""What a shell sees: standard error, standard output and the exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import execute_from_command_line

ROOT = Path(__file__).resolve().parent.parent.parent


def typed(*arguments: str) -> int:
    """Type a command line and return its exit code."""
    try:
        execute_from_command_line(["manage.py", "runs", *arguments])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "nope"), "CommandError: Workflow run not found: nope\n"),
        (
            ("start", "greet-customer", "--input", "{}"),
            "CommandError: Invalid input data: \n- name",
        ),
        (("resume", "r", "--step", "a", "--label", "b"), "usage: manage.py runs resume"),
        (("list", "--status", "happy"), "usage: manage.py runs list"),
        (("dance",), "usage: manage.py runs"),
        ((), "usage: manage.py runs"),
    ],
)
def test_a_bad_call_is_told_on_standard_error_without_a_traceback(
    transactional_db, capsys, arguments, message
):
    code = typed(*arguments)

    out, err = capsys.readouterr()
    assert code == 2
    assert err.startswith(message)
    assert "Traceback" not in err
    assert "Workflow run not found" not in out


def test_a_database_that_was_not_migrated_is_told_plainly(tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "RUNS_DATA": str(tmp_path),
    }

    outcome = subprocess.run(
        [sys.executable, "manage.py", "runs", "list"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("CommandError: The database refused: no such table")
    assert outcome.stderr.endswith("Has it been migrated?\n")


def test_a_reader_that_has_seen_enough_ends_the_listing_quietly(tmp_path):
    """As ``manage.py runs list | head -0`` does."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "RUNS_DATA": str(tmp_path),
        "RUNS_EXECUTION": "inline",
    }
    here = {"cwd": ROOT, "env": environment}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True, timeout=180, **here)
    reading, writing = os.pipe()
    os.close(reading)

    outcome = subprocess.run(
        [sys.executable, "manage.py", "runs", "list"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=180,
        **here,
    )

    os.close(writing)
    assert (outcome.returncode, outcome.stderr) == (0, "")
