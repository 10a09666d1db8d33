"""The workflows of the workloads; their bodies do next to nothing."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from runs import Workflow, create_step, create_workflow


def _plus_one(ctx: Any) -> int:
    return int(ctx.input_data) + 1


def _sign(ctx: Any) -> int:
    """When it ended, by a clock that all processes of a machine share."""
    return time.monotonic_ns()


def _ask(ctx: Any) -> Any:
    if ctx.resume_data is None:
        return ctx.suspend({"reason": "a person has to look"})
    return ctx.resume_data["answer"]


def _pass_on(ctx: Any) -> dict[str, Any]:
    return {"number": ctx.input_data["number"] + 1, "rows": ctx.input_data["rows"]}


def _chain(workflow_id: str, steps: int, body: Any) -> Workflow:
    made = create_workflow(workflow_id)
    for number in range(steps):
        made.then(create_step(f"s{number}", execute=body))
    return made.commit()


@cache
def long(steps: int) -> Workflow:
    return _chain(f"long-{steps}", steps, _plus_one)


ten = _chain("ten", 10, _plus_one)
signs = _chain("signs", 10, _sign)
payload = _chain("payload", 10, _pass_on)
asks_then_signs = create_workflow("asks-then-signs").then(create_step("ask", execute=_ask))
for _number in range(4):
    asks_then_signs.then(create_step(f"s{_number}", execute=_sign))
asks_then_signs.commit()
fan_out = (
    create_workflow("fan-out")
    .foreach(create_step("item", execute=_plus_one), concurrency=10)
    .commit()
)
approval = (
    create_workflow("approval")
    .then(create_step("before", execute=_plus_one))
    .then(create_step("ask", execute=_ask))
    .then(create_step("after", execute=_plus_one))
    .commit()
)
for _steps in (20, 100, 1000, 3000):
    long(_steps)
