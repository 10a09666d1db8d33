"""What a step costs in the engine alone: turns, answers and taking changes, without a database.

    python -m benchmarks.engine_turns [--json] [--rounds N]

Each answer is followed by a turn, as when bodies end one at a time. What counts is the processor's
time: the engine waits for nothing. Exits with 1 if a step of a run of 10 000 costs more than 1.5
times one of a run of 100.
"""

from __future__ import annotations

import sys
from functools import cache
from time import process_time
from typing import Any

from benchmarks.flatness import main, timed
from benchmarks.shapes import Shape
from runs.definition.workflow import Workflow
from runs.engine import edits
from runs.engine.advance import Interpreter
from runs.engine.journal import Journal, Status
from runs.engine.outcomes import Decide, Execute, Succeeded, Turn

NOW = 0


def measure(shape: Shape, steps: int) -> float:
    workflow = _built(shape, steps)
    input_data = shape.input_data(steps)
    journal = Journal(workflow.id, "r1")
    seconds = timed(lambda: drive(workflow, journal, input_data), process_time)
    assert journal.status is Status.SUCCESS
    return seconds


@cache
def _built(shape: Shape, steps: int) -> Workflow:
    """Building is not what is measured."""
    return shape.workflow(steps)


def drive(workflow: Workflow, journal: Journal, input_data: Any) -> None:
    """Drive a run to its end, taking what has to be stored after each turn."""
    edits.start(journal, input_data, {}, NOW)
    interpreter = Interpreter(workflow, journal)
    open_commands: list[Execute | Decide] = []
    while (turn := interpreter.advance(NOW)).outcome is None:
        open_commands += turn.commands
        if not _decided(interpreter, turn, open_commands):
            journal.take_changes()
            command = open_commands.pop(0)
            interpreter.answer(command, Succeeded(command.entry.input + 1), NOW)
    edits.settle(journal, turn.outcome, NOW)
    journal.take_changes()


def _decided(interpreter: Interpreter, turn: Turn, waiting: list[Execute | Decide]) -> bool:
    """Answer the conditions a turn asks about; they are stored together with what follows."""
    decisions = [command for command in turn.commands if isinstance(command, Decide)]
    for command in decisions:
        waiting.remove(command)
        goes_on = command.functions[0](_Knows(command.input))
        interpreter.answer(command, Succeeded(goes_on), NOW)
    return bool(decisions)


class _Knows:
    """The part of a step context that the conditions here read."""

    def __init__(self, input_data: Any) -> None:
        self.input_data = input_data


if __name__ == "__main__":
    sys.exit(
        main(
            "What a step costs in the engine alone.",
            measure,
            rounds=7,
            repeats={100: 20, 1_000: 4, 10_000: 1},
        )
    )
