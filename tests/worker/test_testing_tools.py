"""What ``runs.testing`` offers to users: it crashes where it says, looks, and skips time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.db import connection

from runs import Workflow, create_workflow
from runs.exceptions import LeaseLost
from runs.models import Run
from runs.testing import crash, crash_after, crash_before, executed, skipping_time, told
from tests.store.gallery import add, ask, step
from tests.store.tables import all_rows
from tests.store.waiting import DEADLINE, Background

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]

DAY = 86_400.0
#: Milliseconds of real time that may pass beside those that are skipped.
SLACK = DEADLINE * 1000
Ran = list[str]


@pytest.fixture(autouse=True, scope="module")
def closed_connections() -> Iterator[None]:
    """Close the connection of the thread that async calls use, else the database cannot go."""
    yield
    SyncToAsync.single_thread_executor.submit(lambda: connection.close()).result()


@pytest.fixture
def ran() -> Ran:
    return []


def noting(ran: Ran, id: str, **options: Any) -> Any:
    def body(ctx: Any) -> Any:
        ran.append(id)
        return id

    return step(id, body, **options)


def noting_on_a_loop(ran: Ran, id: str) -> Any:
    async def body(ctx: Any) -> Any:
        ran.append(id)
        return id

    return step(id, body)


def three(ran: Ran) -> Run:
    flow = create_workflow("w").then(noting(ran, "a")).then(noting(ran, "b"))
    return flow.then(noting(ran, "c")).commit().create_run(run_id="r")


# --- crash points ----------------------------------------------------------------------------


def test_a_crash_before_a_step_leaves_it_to_be_executed_once(ran: Ran) -> None:
    run = three(ran)

    with crash_before("b"):
        run.start()

    assert ran == ["a"]
    assert run.restart().status == "success"
    assert ran == ["a", "b", "c"]


def test_a_crash_after_a_step_loses_what_it_did(ran: Ran) -> None:
    run = three(ran)

    with crash_after("b"):
        run.start()

    assert ran == ["a", "b"]
    assert run.restart().status == "success"
    assert ran == ["a", "b", "b", "c"]


def test_a_crashed_run_is_due_and_nobodys(ran: Ran) -> None:
    run = three(ran)

    with crash_before("b"):
        run.start()

    run.refresh_from_db()
    assert (run.status, run.is_finished) == ("running", False)
    assert Run.objects.due(run.created_at).get() == run


def test_the_process_dies_again_and_again_as_long_as_it_is_inside(ran: Ran) -> None:
    run = three(ran)

    with crash_after("b"):
        run.start()
    with crash_after("b"):
        run.restart()
    with crash_before("c"):
        run.restart()

    assert run.restart().status == "success"
    assert ran == ["a", "b", "b", "b", "c"]


def test_a_crash_that_never_came_is_an_error_of_the_test(ran: Ran) -> None:
    run = three(ran)

    with pytest.raises(AssertionError, match="did not come to where"), crash_after("nowhere"):
        run.start()

    assert run.restart().status == "success"


def test_an_error_inside_is_not_taken_for_a_crash(ran: Ran) -> None:
    run = three(ran)

    with pytest.raises(ZeroDivisionError), crash_after("b"):
        print(1 / 0)

    assert run.start().status == "success"


def test_after_the_block_nobody_dies(ran: Ran) -> None:
    with crash_after("a"):
        three(ran).start()

    other = create_workflow("other").then(noting(ran, "a")).commit().create_run()
    assert other.start().status == "success"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("crashing", [crash_before, crash_after])
async def test_coroutines_crash_alike(crashing: Any, ran: Ran) -> None:
    flow = create_workflow("w").then(noting_on_a_loop(ran, "a")).then(noting_on_a_loop(ran, "b"))
    run = await flow.commit().acreate_run()

    with crashing("b"):
        await run.astart()

    assert (await run.arestart()).status == "success"
    assert ran == (["a", "b"] if crashing is crash_before else ["a", "b", "b"])


def test_a_stream_crashes_where_it_is_read(ran: Ran) -> None:
    run, seen = three(ran), []

    with crash_after("b"):
        for event in run.stream():
            seen.append(event["type"])

    assert seen == [
        "workflow-start",
        "workflow-step-start",
        "workflow-step-result",
        "workflow-step-start",
    ]
    assert ran == ["a", "b"]


def test_a_step_in_a_nested_workflow_is_a_place_to_crash(ran: Ran) -> None:
    inner = create_workflow("inner").then(noting(ran, "x")).then(noting(ran, "y")).commit()
    run = create_workflow("w").then(inner).then(noting(ran, "z")).commit().create_run()

    with crash_before("y"):
        run.start()

    assert run.restart().status == "success"
    assert ran == ["x", "y", "z"]


def test_a_resume_that_crashes_keeps_its_answer() -> None:
    run = create_workflow("w").then(ask()).then(add(1, "z")).commit().create_run()
    run.start({"n": 1})

    with crash_after("ask"):
        run.resume({"yes": True})

    result = run.restart()
    assert result.steps["ask"]["output"]["answer"] == {"yes": True}


def test_what_a_crashed_process_still_does_is_not_recorded(ran: Ran) -> None:
    def body(ctx: Any) -> Any:
        ran.append("body")
        if len(ran) == 1:
            assert crash() == 1
        return len(ran)

    run = create_workflow("w").then(step("s", body)).commit().create_run()

    with pytest.raises(LeaseLost):
        run.start()
    assert run.restart().result == 2


def test_a_run_that_crashed_can_be_canceled_and_is_over_then(ran: Ran) -> None:
    run = three(ran)
    with crash_before("b"):
        run.start()

    run.cancel()

    run.refresh_from_db()
    assert (run.status, run.lease_owner, run.due_at) == ("canceled", "", None)
    assert [event["type"] for event in told(run)][-2:] == ["workflow-canceled", "workflow-finish"]
    assert ran == ["a"]


def test_an_abort_outlives_the_process(ran: Ran) -> None:
    stop = step("stop", lambda ctx: ctx.abort())
    flow = create_workflow("w").parallel([stop, noting(ran, "b")]).then(noting(ran, "c"))
    run = flow.commit().create_run()
    with crash_before("b"):
        run.start()

    result = run.restart()

    assert result.status == "canceled"
    assert ran == []


# --- looking ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_was_told_before_a_crash_can_be_read_at_once(ran: Ran) -> None:
    run = three(ran)
    with crash_after("b"):
        run.start()

    assert Background(lambda: executed(run)).outcome() == ["a", "b"]


def test_steps_are_listed_in_the_order_in_which_they_began(ran: Ran) -> None:
    run = three(ran)
    with crash_after("b"):
        run.start()
    run.restart()
    run.time_travel("c")

    assert executed(run) == ["a", "b", "b", "c", "c"]


def test_nested_steps_are_listed_dotted_and_items_not_at_all(ran: Ran) -> None:
    inner = create_workflow("inner").then(noting(ran, "x")).commit()
    flow = create_workflow("w").then(inner).map(lambda ctx: [1, 2]).foreach(noting(ran, "each"))
    run = flow.commit().create_run()
    run.start()

    assert executed(run) == ["inner", "inner.x", "mapping_w_0", "each"]


def test_a_run_that_was_not_started_has_told_nothing(ran: Ran) -> None:
    run = three(ran)

    assert (told(run), executed(run)) == ([], [])


def test_what_is_told_is_what_its_streams_gave() -> None:
    run = create_workflow("w").then(add(1)).then(ask()).commit().create_run()
    given = [*run.stream({"n": 1}), *run.resume_stream("!")]

    assert told(run) == given


def test_looking_changes_nothing(ran: Ran) -> None:
    run = three(ran)
    run.start()
    before = all_rows()

    told(run)
    executed(run)

    assert all_rows() == before


# --- time ------------------------------------------------------------------------------------


def sleeping(seconds: float) -> Workflow:
    return create_workflow("w").then(add(1)).sleep(seconds).then(add(2)).commit()


def moments(run: Run) -> list[int]:
    """When each step began, in milliseconds."""
    return [entry.started_at.timestamp() * 1000 for entry in run.attempts.get().steps]


def test_a_day_takes_no_time() -> None:
    began = time.monotonic()

    with skipping_time() as clock:
        before = clock.now()
        run = sleeping(DAY).create_run()
        result = run.start({"n": 1})
        passed = clock.now() - before

    assert result.result == {"n": 4}
    assert time.monotonic() - began < DEADLINE
    assert DAY * 1000 <= passed < DAY * 1000 + SLACK
    first, wait, last = moments(run)
    assert wait - first < SLACK
    assert DAY * 1000 <= last - wait < DAY * 1000 + SLACK


@pytest.mark.django_db(transaction=True)
async def test_a_day_takes_no_time_on_a_loop() -> None:
    run = await sleeping(DAY).acreate_run()

    with skipping_time():
        result = await asyncio.wait_for(run.astart({"n": 1}), DEADLINE)

    assert result.result == {"n": 4}


@pytest.mark.django_db(transaction=True)
async def test_a_body_takes_the_time_it_takes() -> None:
    """Time is skipped when nothing else goes on; a sibling of the wait is."""

    async def slow(ctx: Any) -> Any:
        await asyncio.sleep(0.05)
        return "slow"

    inner = create_workflow("inner").sleep(DAY).commit()
    flow = create_workflow("w").parallel([inner, step("slow", slow)])
    run = await flow.commit().acreate_run()

    with skipping_time():
        result = await asyncio.wait_for(run.astart({"n": 1}), DEADLINE)

    assert result.result == {"inner": {"n": 1}, "slow": "slow"}


def test_delays_between_tries_take_no_time() -> None:
    def moody(ctx: Any) -> Any:
        if ctx.retry_count < 3:
            raise ConnectionError("later")
        return ctx.retry_count

    flow = create_workflow("w").then(step("moody", moody, retries=3, retry_delay=DAY, backoff=2.0))

    with skipping_time() as clock:
        before = clock.now()
        result = flow.commit().create_run().start()
        passed = clock.now() - before

    assert result.result == 3
    assert 7 * DAY * 1000 <= passed < 7.7 * DAY * 1000 + SLACK, "a tenth is left to chance"


def test_a_crash_in_a_wait_does_not_begin_it_again(ran: Ran) -> None:
    flow = create_workflow("w").then(noting(ran, "a")).sleep(DAY).then(noting(ran, "z"))
    run = flow.commit().create_run()

    with skipping_time() as clock:
        with crash_before("z"):
            run.start()
        before = clock.now()
        result = run.restart()
        passed = clock.now() - before

    assert (result.status, ran) == ("success", ["a", "z"])
    assert passed < SLACK


def test_afterwards_time_is_the_real_one_again() -> None:
    with skipping_time():
        sleeping(DAY).create_run().start({"n": 1})

    run = create_workflow("now").then(add(1)).commit().create_run()
    run.start({"n": 1})

    assert abs(moments(run)[0] - time.time() * 1000) < SLACK
