"""Workflows of n steps in three shapes: a chain, a loop, and a foreach with concurrency.

A step's body does next to nothing and its output is small, so what is measured is the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runs import Workflow, create_step, create_workflow

CONCURRENCY = 10


@dataclass(frozen=True, slots=True)
class Shape:
    """A way to make ``steps`` steps: the workflow, and the input it is started with."""

    name: str
    workflow: Callable[[int], Workflow]
    input_data: Callable[[int], Any]


def _plus_one(ctx: Any) -> int:
    return int(ctx.input_data) + 1


def _chain(steps: int) -> Workflow:
    made = create_workflow(f"chain-{steps}")
    for number in range(steps):
        made.then(create_step(f"s{number}", execute=_plus_one))
    return made


def _loop(steps: int) -> Workflow:
    body = create_step("body", execute=_plus_one)
    return create_workflow(f"loop-{steps}").dowhile(body, lambda ctx: ctx.input_data < steps)


def _foreach(steps: int) -> Workflow:
    body = create_step("body", execute=_plus_one)
    return create_workflow(f"foreach-{steps}").foreach(body, concurrency=CONCURRENCY)


SHAPES = (
    Shape("chain", _chain, lambda steps: 0),
    Shape("loop", _loop, lambda steps: 0),
    Shape("foreach", _foreach, lambda steps: list(range(steps))),
)
