"""How long the bodies of steps take, as far as this process has seen."""

from __future__ import annotations

from runs.definition.step import Step

#: Seconds. A body that takes less is quick; one that takes more than the second is slow.
QUICK, SLOW = 0.001, 0.005
#: Quick calls in a row after which the next one is expected to be quick, too.
TRUSTED = 3


class Paces:
    """The steps that have been quick of late. Thread-safe: what gets lost is a count."""

    def __init__(self) -> None:
        self._quick: dict[Step, int] = {}

    def note(self, step: Step, seconds: float) -> None:
        if seconds < QUICK:
            count = self._quick.get(step, 0)
            if count < TRUSTED:
                self._quick[step] = count + 1
        elif seconds > SLOW:
            self._quick.pop(step, None)

    def is_quick(self, step: Step) -> bool:
        return self._quick.get(step, 0) >= TRUSTED
