"""Ten steps whose bodies are of both kinds and take long enough to be killed in."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from runs import Step, create_step, create_workflow
from tests.drills.app import effects

LONGEST_SECONDS = 0.15
STEPS = tuple(f"step-{number}" for number in range(10))


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


ten_steps = create_workflow("ten-steps", description="Ten steps that note what they do.")
for number, step in enumerate(STEPS):
    ten_steps.then(_awaiting(step) if number % 2 else _blocking(step))
ten_steps.commit()
