from __future__ import annotations

import os
import select
import signal
import sys

from runs.worker.child import HEALTHY_SECONDS, Child, Lines, Program, Restarts


def test_the_pause_grows_with_each_quick_death_up_to_a_limit() -> None:
    restarts = Restarts()

    pauses = []
    for second in range(100, 109):
        restarts.started(second)
        pauses.append(restarts.died(second + 0.1))

    assert pauses == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_healthy_life_makes_the_next_restart_immediate() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.started(100)
        restarts.died(100)

    pauses = [restarts.died(100 + HEALTHY_SECONDS)]
    restarts.started(200)
    pauses += [restarts.died(201), restarts.died(202)]

    assert pauses == [0, 0.5, 1]


def test_a_restart_is_due_when_its_pause_is_over() -> None:
    restarts = Restarts()
    restarts.started(100)
    restarts.died(100)
    restarts.died(100)

    assert [restarts.are_due(now) for now in (100, 100.4, 100.5)] == [False, False, True]


def test_output_arrives_line_by_line_whatever_the_pieces() -> None:
    source, sink = os.pipe()
    seen: list[str] = []
    lines = Lines(source, seen.append)

    more = []
    for piece in (b"one\ntw", b"o\r\n\xff\nrest"):
        os.write(sink, piece)
        more.append(lines.read())
    os.close(sink)
    more.append(lines.read())

    os.close(source)
    assert seen == ["one", "two", "\N{REPLACEMENT CHARACTER}", "rest"]
    assert more == [True, True, False]


def test_a_death_is_told_once_and_the_next_start_is_due_at_once() -> None:
    child = Child(Program("web", (sys.executable, "-c", "print('hello')"), stop_seconds=60))
    output = child.start()
    seen: list[str] = []
    lines = Lines(output, seen.append)
    while select.select([output], [], [], 30)[0] and lines.read():
        pass

    while (death := child.reap()) is None:
        select.select([], [], [], 0.01)

    os.close(output)
    assert seen == ["hello"]
    assert death == "ended (exit code 0); starting it again now"
    assert (child.reap(), child.is_running, child.is_due) == (None, False, True)


def test_killing_a_child_takes_its_descendants_with_it() -> None:
    # The shell's child keeps the pipe open; the pipe is at its end when both have gone.
    child = Child(Program("web", ("/bin/sh", "-c", "sleep 600 & echo up; wait"), stop_seconds=60))
    output = child.start()
    seen: list[str] = []
    lines = Lines(output, seen.append)

    while not seen and select.select([output], [], [], 30)[0]:
        lines.read()
    child.kill()
    at_end = bool(select.select([output], [], [], 30)[0]) and not lines.read()

    os.close(output)
    assert (seen, at_end, child.is_running) == (["up"], True, False)


def test_a_signal_that_killed_a_child_is_named() -> None:
    code = "import signal; signal.pause()"
    child = Child(Program("web", (sys.executable, "-c", code), stop_seconds=60))
    os.close(child.start())
    child.terminate()

    while (death := child.reap()) is None:
        select.select([], [], [], 0.01)

    assert death == f"ended (killed by {signal.SIGTERM.name}); starting it again now"
