from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from runs import create_workflow
from tests.store.gallery import step
from tests.store.waiting import Gate
from tests.worker.running import adding, at_rest, running, started

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]


# --- bodies that misbehave -------------------------------------------------------------------


def _exits(ctx: Any) -> None:
    raise SystemExit(3)


async def _cancels_itself(ctx: Any) -> None:
    raise asyncio.CancelledError


def _is_canceled(ctx: Any) -> None:
    raise asyncio.CancelledError


async def _exits_too(ctx: Any) -> None:
    raise SystemExit(3)


def _stops_iterating(ctx: Any) -> None:
    raise StopIteration


MISBEHAVING = {
    "sys.exit": _exits,
    "sys.exit in a coroutine": _exits_too,
    "CancelledError": _is_canceled,
    "CancelledError in a coroutine": _cancels_itself,
    "StopIteration": _stops_iterating,
}


@pytest.mark.parametrize("body", MISBEHAVING.values(), ids=MISBEHAVING.keys())
def test_a_body_can_fail_its_run_and_not_its_worker(body: Any) -> None:
    bad = create_workflow("bad").then(step("s", body)).commit()

    with running():
        [run] = started(bad, 1)
        assert at_rest(run) == ["failed"]
        [other] = started(adding(), 1, {"n": 1})
        assert at_rest(other) == ["success"]


def test_plain_steps_that_follow_one_another_share_a_thread_and_what_they_tell_is_stored() -> None:
    threads = []

    def body(ctx: Any) -> None:
        threads.append(threading.get_ident())
        ctx.writer.write(len(threads))

    flow = create_workflow("w").then(step("s", body)).then(step("t", body)).then(step("u", body))

    with running():
        [run] = started(flow.commit(), 1)
        assert at_rest(run) == ["success"]

    assert len(set(threads)) == 1
    assert [(event.type, event.path) for event in run.events.all()] == [
        ("workflow-start", ""),
        *[
            (f"workflow-step-{what}", path)
            for path in "stu"
            for what in ("start", "output", "result")
        ],
        ("workflow-finish", ""),
    ]


def test_a_plain_body_may_return_something_to_be_awaited() -> None:
    async def later() -> int:
        await asyncio.sleep(0)
        return 5

    flow = create_workflow("w").then(step("s", lambda ctx: later())).then(step("t", _same)).commit()

    with running():
        [run] = started(flow, 1)
        assert at_rest(run) == ["success"]

    assert run.steps.get(path="s").output == 5


def _same(ctx: Any) -> Any:
    return ctx.input_data


def test_a_plain_body_that_takes_too_long_fails_its_step_while_it_still_blocks() -> None:
    gate = Gate()
    flow = create_workflow("w").then(step("s", lambda ctx: gate.stop(), timeout=0.1)).commit()

    with running():
        [run] = started(flow, 1)
        assert at_rest(run) == ["failed"]
        gate.open()

    assert run.error_message == "Step 's' took longer than 0.1 s"
