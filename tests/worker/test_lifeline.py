from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from runs.worker.lifeline import Lifeline, is_cut, launch, watch


@pytest.fixture
def lifeline() -> Iterator[Lifeline]:
    line = Lifeline()
    yield line
    line.close()


def test_the_children_see_the_parent_go(lifeline: Lifeline) -> None:
    seen: list[str] = []
    thread = watch(lifeline.child_end, lambda: seen.append("gone"))
    before = (is_cut(lifeline.child_end), list(seen))

    lifeline.cut()
    thread.join(30)

    assert before == (False, [])
    assert (is_cut(lifeline.child_end), seen) == (True, ["gone"])


def test_a_module_runs_as_if_started_by_itself(lifeline: Lifeline) -> None:
    command = launch(["module", "json.tool", "--compact", "-"], lifeline)

    outcome = subprocess.run(
        command, pass_fds=[lifeline.child_end], input='{"a": 1}', capture_output=True, text=True
    )

    assert (outcome.returncode, outcome.stdout) == (0, '{"a":1}\n')


@pytest.mark.parametrize(
    "command",
    [
        ["module", "http.server", "--bind", "127.0.0.1", "0"],
        ["exec", sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"],
    ],
    ids=["module", "program"],
)
def test_a_program_that_knows_nothing_of_it_ends_when_its_parent_is_killed(
    command: list[str],
) -> None:
    # The parent starts a server, says its number, and is killed.
    parent = (
        "import os, signal, subprocess, sys;"
        "from runs.worker.lifeline import Lifeline, launch;"
        "line = Lifeline();"
        "command = launch(sys.argv[1:], line);"
        "environment = {**os.environ, 'PYTHONUNBUFFERED': '1'};"
        "child = subprocess.Popen(command, pass_fds=[line.child_end], stdout=subprocess.PIPE,"
        " env=environment);"
        "child.stdout.readline();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent, *command], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None

    # The server inherited stderr: it is at its end when the last holder has gone.
    process.stderr.read()

    assert process.wait(30) == -9
