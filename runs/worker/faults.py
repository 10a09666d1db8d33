"""Places where a test may let this process die; in production nobody does.

``before`` is reached when a step is about to run, ``after`` when its body has ended and nothing of
that is recorded yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

Point = Literal["before", "after"]


class ProcessDied(BaseException):
    """Stands for the death of this process; no ``except Exception`` may keep it alive."""


_plan: Callable[[Point, str], bool] | None = None


def reach(point: Point, step_id: str) -> None:
    """Die here if that was planned."""
    if _plan is not None and _plan(point, step_id):
        raise ProcessDied(f"{point} {step_id}")


@contextmanager
def planned(dies: Callable[[Point, str], bool]) -> Iterator[None]:
    """While inside, ask ``dies`` at each point."""
    global _plan
    before, _plan = _plan, dies
    try:
        yield
    finally:
        _plan = before
