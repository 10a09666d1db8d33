"""What bodies are called with and how often, when plain code drives them in its own thread."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest
from pydantic import BaseModel

from runs import NonRetryableError, RetryConfig, Workflow, create_workflow
from runs.testing import skipping_time
from tests.store.gallery import step
from tests.store.waiting import DEADLINE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


class Order(BaseModel):
    sku: str
    quantity: int = 1


def single(body: Any, **options: Any) -> Workflow:
    return create_workflow("w").then(step("s", body, **options)).commit()


# --- tries -----------------------------------------------------------------------------------


def moody(tries: list[int], succeeds_at: int) -> Any:
    def body(ctx: Any) -> Any:
        tries.append(ctx.retry_count)
        if ctx.retry_count < succeeds_at:
            raise ValueError(f"try {ctx.retry_count}")
        return "well"

    return body


def test_a_step_is_tried_as_often_as_it_says() -> None:
    tries: list[int] = []

    result = single(moody(tries, 2), retries=2).create_run().start()

    assert (result.status, result.result, tries) == ("success", "well", [0, 1, 2])


def test_the_last_error_is_the_one_of_the_run() -> None:
    tries: list[int] = []

    result = single(moody(tries, 9), retries=2).create_run().start()

    assert (result.error, tries) == ({"message": "try 2", "name": "ValueError"}, [0, 1, 2])


@pytest.mark.parametrize("own", [None, 0, 1])
def test_a_steps_own_number_of_tries_outweighs_the_workflows(own: int | None) -> None:
    tries: list[int] = []
    flow = create_workflow("w", retry_config=RetryConfig(attempts=3))

    flow.then(step("s", moody(tries, 9), retries=own)).commit().create_run().start()

    assert len(tries) == 1 + (3 if own is None else own)


def test_an_error_that_says_so_is_not_tried_again() -> None:
    def body(ctx: Any) -> Any:
        tries.append(1)
        raise NonRetryableError("no use")

    tries: list[int] = []

    result = single(body, retries=5).create_run().start()

    assert (result.status, len(tries)) == ("failed", 1)
    assert result.steps["s"]["nonRetryable"] is True


def test_tries_are_apart_by_the_delay_and_its_factor() -> None:
    starts: list[int] = []

    with skipping_time() as clock:

        def body(ctx: Any) -> Any:
            starts.append(clock.now())
            raise ValueError("again")

        single(body, retries=3, retry_delay=100, backoff=2).create_run().start()

    waits = [after - before for before, after in pairwise(starts)]
    for wait, least in zip(waits, (100_000, 200_000, 400_000), strict=True):
        assert least <= wait <= least * 1.1 + DEADLINE * 1000


def test_a_delay_without_a_factor_is_kept_exactly() -> None:
    starts: list[tuple[int, float]] = []

    with skipping_time() as clock:

        def body(ctx: Any) -> Any:
            starts.append((clock.now(), time.monotonic() * 1000))
            raise ValueError("again")

        config = RetryConfig(attempts=2, delay_seconds=60)
        create_workflow("w", retry_config=config).then(
            step("s", body)
        ).commit().create_run().start()

    pairs = list(pairwise(starts))
    # Of both what passed; that of the real time is no part of the delay.
    skipped = [(after[0] - before[0]) - (after[1] - before[1]) for before, after in pairs]
    assert all(after[0] - before[0] >= 60_000 for before, after in pairs)
    assert all(one < 60_010 for one in skipped)
    assert len(pairs) == 2


def test_a_real_delay_is_waited_for() -> None:
    starts: list[float] = []

    def body(ctx: Any) -> Any:
        starts.append(time.monotonic())
        if len(starts) == 1:
            raise ValueError("again")

    single(body, retries=1, retry_delay=0.1).create_run().start()

    assert starts[1] - starts[0] > 0.09  # moments are whole milliseconds of the wall clock


# --- time limits -----------------------------------------------------------------------------


TOO_LONG = {
    "message": "Step 's' took longer than 0.05 s",
    "name": "StepTimeout",
    "code": "step_timeout",
}


def test_a_coroutine_body_that_takes_too_long_is_stopped() -> None:
    async def body(ctx: Any) -> Any:
        await asyncio.sleep(2 * DEADLINE)

    begun = time.monotonic()
    result = single(body, timeout=0.05).create_run().start()

    assert result.error == TOO_LONG
    assert time.monotonic() - begun < DEADLINE


def test_a_plain_body_that_took_too_long_has_failed_even_if_nobody_could_stop_it() -> None:
    result = single(lambda ctx: ctx.abort_signal.wait_aborted(0.2), timeout=0.05)

    assert result.create_run().start().error == TOO_LONG


def test_a_try_that_took_too_long_is_followed_by_the_next() -> None:
    async def body(ctx: Any) -> Any:
        if ctx.retry_count == 0:
            await asyncio.sleep(DEADLINE)
        return "well"

    assert single(body, timeout=0.05, retries=1).create_run().start().result == "well"


def test_a_body_within_its_time_is_left_alone() -> None:
    assert single(lambda ctx: "well", timeout=10).create_run().start().result == "well"


def test_a_timeout_of_the_bodys_own_is_an_error_like_any_other() -> None:
    async def body(ctx: Any) -> Any:
        raise TimeoutError("the gateway")

    result = single(body, timeout=10).create_run().start()

    assert result.error == {"message": "the gateway", "name": "TimeoutError"}
