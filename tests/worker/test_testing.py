"""What we give people to test their workflows with."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from runs import Workflow, create_workflow
from runs.models import Run
from runs.store import lease
from runs.testing import (
    crash,
    crash_after,
    crash_before,
    executed,
    seed_snapshot,
    skipping_time,
    told,
)
from runs.worker.clock import clock
from tests.store.gallery import add, ask, step
from tests.store.tables import all_rows
from tests.store.waiting import DEADLINE, Background, Gate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]

DAY = 24 * 60 * 60
#: Milliseconds of real time that may pass beside those that are skipped.
SLACK = DEADLINE * 1000


class Shop:
    """A workflow of three steps that counts their executions."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        flow = create_workflow("shop")
        for id in ("price", "charge", "ship"):
            flow.then(step(id, lambda ctx, id=id: self.ran.append(id) or {"of": id}))
        self.workflow = flow.commit()


# --- crashing --------------------------------------------------------------------------------


@pytest.mark.parametrize("step_id", ["price", "charge", "ship"])
def test_a_crash_after_a_step_runs_it_once_more(step_id: str) -> None:
    shop = Shop()
    run = shop.workflow.create_run()
    with crash_after(step_id):
        run.start()
    at = shop.ran.index(step_id)
    assert shop.ran[at:] == [step_id]

    assert run.restart().status == "success"

    expected = ["price", "charge", "ship"]
    expected.insert(at, step_id)
    assert shop.ran == executed(run) == expected


@pytest.mark.parametrize("step_id", ["price", "charge", "ship"])
def test_a_crash_before_a_step_runs_it_once(step_id: str) -> None:
    shop = Shop()
    run = shop.workflow.create_run()
    with crash_before(step_id):
        run.start()

    assert run.restart().status == "success"

    assert shop.ran == ["price", "charge", "ship"]


def test_a_crash_that_did_not_come_is_an_error_of_the_test() -> None:
    run = Shop().workflow.create_run()

    with pytest.raises(AssertionError), crash_after("nobody"):
        run.start()

    assert run.status == "success"


@pytest.mark.django_db(transaction=True)
def test_after_a_crash_the_run_is_as_it_was_recorded() -> None:
    shop = Shop()
    run = shop.workflow.create_run()
    with crash_after("charge"):
        run.start()

    run.refresh_from_db()
    assert run.status == "running"
    assert dict(run.steps.exclude(path="").values_list("path", "status")) == {
        "price": "success",
        "charge": "running",
    }
    so_far = Background(lambda: told(run)).outcome()
    assert [event["type"] for event in so_far] == [
        "workflow-start",
        "workflow-step-start",
        "workflow-step-result",
        "workflow-step-start",
    ]


def test_a_crash_while_a_run_is_resumed_keeps_the_answer() -> None:
    run = create_workflow("w").then(ask()).commit().create_run()
    run.start("?")

    with crash_before("ask"):
        run.resume("!")

    assert run.restart().result == {"answer": "!", "asked": {"question": "?"}}


def test_a_crash_in_a_foreach_repeats_what_was_not_recorded() -> None:
    ran: list[int] = []
    flow = create_workflow("w").foreach(step("each", lambda ctx: ran.append(ctx.input_data)))
    run = flow.commit().create_run()

    with crash_after("each"):
        run.start([1, 2, 3])
    run.restart()

    assert ran == [1, 1, 2, 3]


@pytest.mark.django_db(transaction=True)
async def test_a_crash_on_a_loop() -> None:
    shop = Shop()
    run = await shop.workflow.acreate_run()

    with crash_after("charge"):
        await run.astart()

    assert (await run.arestart()).status == "success"
    assert shop.ran == ["price", "charge", "charge", "ship"]


@pytest.mark.django_db(transaction=True)
def test_a_crash_forgets_all_that_this_process_drives() -> None:
    gates = [Gate(), Gate()]
    callers, runs = [], []
    for n, gate in enumerate(gates):
        flow = create_workflow(f"w{n}").then(step("s", lambda ctx, gate=gate: gate.stop()))
        runs.append(flow.commit().create_run())
        callers.append(Background(runs[-1].start))
        gate.wait_reached()

    forgotten = crash()

    before = all_rows()
    for gate in gates:
        gate.open()
    assert forgotten == 2
    assert {type(caller.outcome()).__name__ for caller in callers} == {"LeaseLost"}
    assert all_rows() == before
    assert [run.restart().status for run in runs] == ["success"] * 2


def test_a_crash_of_a_process_that_drives_nothing() -> None:
    assert crash() == 0


# --- skipping time ---------------------------------------------------------------------------


def sleeping() -> Workflow:
    flow = create_workflow("w").then(add(1)).sleep(30 * DAY).then(add(2))
    return flow.sleep(lambda ctx: DAY).commit()


def test_waits_of_days_take_no_time_and_are_recorded_in_full() -> None:
    begun = time.monotonic()

    with skipping_time():
        run = sleeping().create_run()
        result = run.start({"n": 1})

    assert (result.status, result.result) == ("success", {"n": 4})
    assert time.monotonic() - begun < DEADLINE
    waits = list(run.steps.filter(kind="wait").order_by("begun"))
    lengths = [round((wait.ended_at - wait.started_at).total_seconds()) for wait in waits]
    assert lengths == [30 * DAY, DAY]


@pytest.mark.django_db(transaction=True)
async def test_waits_on_a_loop_take_no_time() -> None:
    with skipping_time():
        run = await sleeping().acreate_run()
        result = await asyncio.wait_for(run.astart({"n": 1}), DEADLINE)

    assert result.result == {"n": 4}


@pytest.mark.django_db(transaction=True)
async def test_a_body_takes_the_time_it_takes_while_an_arm_beside_it_sleeps() -> None:
    ended: list[str] = []

    async def body(ctx: Any) -> None:
        await asyncio.sleep(0.05)
        ended.append("body")

    inner = create_workflow("inner").sleep(DAY).then(step("after", lambda c: ended.append("sleep")))
    flow = create_workflow("w").parallel([inner.commit(), step("s", body)]).commit()
    with skipping_time():
        run = await flow.acreate_run()
        result = await asyncio.wait_for(run.astart(), DEADLINE)

    assert (result.status, sorted(ended)) == ("success", ["body", "sleep"])


def test_delays_between_tries_take_no_time() -> None:
    def body(ctx: Any) -> Any:
        if ctx.retry_count < 3:
            raise ValueError("again")
        return ctx.retry_count

    flow = create_workflow("w").then(step("s", body, retries=3, retry_delay=DAY, backoff=2))

    with skipping_time():
        assert flow.commit().create_run().start().result == 3


def test_time_goes_on_as_usual_afterwards() -> None:
    with skipping_time() as skipped:
        sleeping().create_run().start({"n": 1})
        assert skipped.now() - time.time() * 1000 > 30 * DAY * 1000

    assert abs(clock().now() - time.time() * 1000) < SLACK


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_is_ahead_does_not_make_a_run_look_abandoned() -> None:
    """Leases go by the real time: a run in skipped time is nobody else's."""
    gate = Gate()
    flow = create_workflow("w").sleep(DAY).then(step("s", lambda ctx: gate.stop())).commit()
    with skipping_time():
        run = flow.create_run()
        caller = Background(run.start)
        gate.wait_reached()
        assert lease.claim_due("somebody", 9) == []
        gate.open()
        assert caller.outcome().status == "success"


# --- seeding ---------------------------------------------------------------------------------


def test_a_run_can_be_put_where_a_test_wants_it() -> None:
    shop = Shop()
    snapshot = {
        "runId": "r",
        "status": "running",
        "context": {
            "input": None,
            "price": {
                "status": "success",
                "output": {"of": "price"},
                "payload": None,
                "startedAt": 1,
                "endedAt": 2,
            },
        },
    }

    run = seed_snapshot(shop.workflow, "r", snapshot)

    assert (run.run_id, Run.objects.get().status) == ("r", "running")
    assert run.restart().status == "success"
    assert shop.ran == ["charge", "ship"]
