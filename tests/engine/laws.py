"""What the property tests share: runs driven by dice, and what is compared of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import settings

from runs.engine import records

from .driver import Driver

Json = Any
Watch = Callable[[Driver], None]

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)

#: How long the laws are tried: ``HYPOTHESIS_PROFILE=thorough`` looks much longer.
law = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

INPUT = 5
ANSWER = {"yes": True}
#: More resumes than any plan needs.
ROUNDS = 100


class Dice:
    """A driver's luck: which bodies end next, and whether its process dies or hands over now."""

    def __init__(self, seed: int = 0, *, deadly: float = 0.0, busy: float = 0.0) -> None:
        self.random = Random(seed)
        self.deadly, self.busy = deadly, busy

    def some(self, paths: list[str]) -> list[str]:
        return self.random.sample(paths, self.random.randint(1, len(paths)))

    def dies(self) -> bool:
        return self.random.random() < self.deadly

    def hands_over(self) -> bool:
        return self.random.random() < self.busy


def nothing(run: Driver) -> None:
    """Watch nothing."""


def live(run: Driver, dice: Dice, watch: Watch = nothing) -> Driver:
    """Start a run and answer all its suspensions; ``watch`` looks at it after each stored turn."""
    run.begin(INPUT)
    go_on(run, dice, watch)
    return answer_all(run, dice, watch)


def answer_all(run: Driver, dice: Dice, watch: Watch = nothing) -> Driver:
    """Answer one suspension after the other until there is none."""
    for _ in range(ROUNDS):
        waiting = run.result().suspended
        if waiting is None:
            return run
        run.reply(ANSWER, step=waiting[0])
        go_on(run, dice, watch)
    raise AssertionError("the run is suspended for ever")


def go_on(run: Driver, dice: Dice, watch: Watch = nothing) -> None:
    """Drive to the next rest, through deaths before and after each write and after each body."""
    while True:
        run.look()
        if dice.dies():
            run.crash()
            continue
        run.store()
        watch(run)
        if run.settled:
            return
        if dice.dies():
            run.crash()
        elif dice.hands_over():
            run.hand_over()
        elif run.open:
            for path in dice.some(list(run.open)):
                run.perform(path)
        else:
            run.wait()


# --- what is compared ------------------------------------------------------------------------


def essence(run: Driver) -> dict[str, Json]:
    """What the run as a whole came to."""
    root = run.journal.root
    return {
        "status": run.journal.status.value,
        "result": root.output,
        "error": root.error,
        "tripwire": root.tripwire,
    }


def outcome(run: Driver) -> dict[str, Json]:
    """That, the state and the records of all steps; but not when they (last) started."""
    steps = records.steps(run.journal)
    shown = essence(run) | {"state": run.journal.root.state, "steps": steps}
    return without(shown, "startedAt", "suspendPayload")


def in_full(run: Driver) -> dict[str, Json]:
    """The result as clients get it.

    Without the payloads of suspensions: of several steps that wait inside a nested workflow the
    last one to suspend is shown, so that is for the order to say.
    """
    return without(run.result(include_state=True).to_wire(), "suspendPayload")


def without(value: Json, *names: str) -> Json:
    if isinstance(value, dict):
        return {name: without(each, *names) for name, each in value.items() if name not in names}
    return [without(each, *names) for each in value] if isinstance(value, list) else value
