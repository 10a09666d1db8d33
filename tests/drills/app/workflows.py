"""Ten steps of all kinds of bodies, which take long enough to be killed in."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from runs import Step, create_step, create_workflow
from tests.drills.app import effects
from tests.drills.app.models import Effect

LONGEST_SECONDS = 0.15
STEPS = tuple(f"step-{number}" for number in range(10))
#: Those whose effect is a row of the database that the journal is in.
TRANSACTIONAL = STEPS[2::5]


def _blocking(step: str) -> Step:
    def body(ctx: Any) -> dict[str, str]:
        mark = effects.note(ctx.run_id, step)
        time.sleep(random.uniform(0, LONGEST_SECONDS))
        return {"mark": mark}

    return create_step(step, execute=body)


def _awaiting(step: str) -> Step:
    async def body(ctx: Any) -> dict[str, str]:
        mark = effects.note(ctx.run_id, step)
        await asyncio.sleep(random.uniform(0, LONGEST_SECONDS))
        return {"mark": mark}

    return create_step(step, execute=body)


def _transactional(step: str) -> Step:
    def body(ctx: Any) -> dict[str, str]:
        mark = effects.note(ctx.run_id, step)
        Effect.objects.create(run_id=ctx.run_id, step=step, mark=mark)
        time.sleep(random.uniform(0, LONGEST_SECONDS / 10))
        return {"mark": mark}

    return create_step(step, execute=body, transactional=True)


def _step(number: int, step: str) -> Step:
    if step in TRANSACTIONAL:
        return _transactional(step)
    return _awaiting(step) if number % 2 else _blocking(step)


ten_steps = create_workflow("ten-steps", description="Ten steps that note what they do.")
for number, step in enumerate(STEPS):
    ten_steps.then(_step(number, step))
ten_steps.commit()
