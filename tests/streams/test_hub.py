"""Whoever follows a run gets each of its events once and in order, whenever and however it came."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from runs import create_workflow
from runs.exceptions import NoWorkers, RunNotFound, SlowReader
from runs.models import Run
from runs.store import doorbell
from runs.streams.follower import ROOM
from runs.streams.hub import Hub, current_hub
from runs.streams.states import State
from tests.store.gallery import add, ask, same
from tests.store.waiting import DEADLINE
from tests.streams.queries import Queries, counted
from tests.streams.telling import (
    atell,
    atell_silently,
    in_a_thread,
    make_run,
    soon,
    take,
    tell,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]


async def until(condition: Any) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.002)


# --- order, gaps, doubles ---------------------------------------------------------------------


@pytest.mark.usefixtures("no_looking")
async def test_history_comes_first_and_then_what_is_new() -> None:
    run, hub = await make_run(), current_hub()
    await atell(run, 0, 1, 2)

    following = asyncio.ensure_future(take(hub, run, 6))
    await until(lambda: hub.followed)
    await atell(run, 3, 4)
    await atell(run, 5)

    assert await following == [0, 1, 2, 3, 4, 5]


@pytest.mark.usefixtures("no_looking")
async def test_a_reader_may_begin_anywhere_and_even_before_the_event_is_there() -> None:
    run, hub = await make_run(), current_hub()
    await atell(run, 0, 1, 2)

    early = asyncio.ensure_future(take(hub, run, 2, offset=4))
    late = await take(hub, run, 1, offset=2)
    await atell(run, 3, 4, 5)

    assert (late, await early) == ([2], [4, 5])


async def test_readers_that_come_and_go_miss_nothing_and_get_nothing_twice() -> None:
    run, hub, last = await make_run(), current_hub(), 400

    def tell_all() -> None:
        chance, at = random.Random(7), 0
        while at < last:
            count = min(chance.randint(1, 9), last - at)
            tell(run, *range(at, at + count))
            at += count

    async def read() -> list[int]:
        """Connects again and again, from where it was."""
        seen: list[int] = []
        while len(seen) < last:
            seen += await take(hub, run, min(37, last - len(seen)), offset=len(seen))
        return seen

    *readers, _ = await soon(asyncio.gather(*(read() for _ in range(5)), in_a_thread(tell_all)))

    assert readers == [list(range(last))] * 5


async def test_a_run_is_followed_across_suspend_resume_and_time_travel() -> None:
    flow = create_workflow("w").then(add(1)).then(ask()).then(same("s")).commit()
    run = await flow.acreate_run(run_id="r")
    events = current_hub().follow(run.pk, 0)

    await run.astart({"n": 1})
    await run.aresume({"yes": True})
    await run.atime_travel("s")

    stored = await sync_to_async(lambda: list(run.observe()))()
    followed = [await soon(anext(events)) for _ in stored]
    await events.aclose()
    assert followed == list(enumerate(stored))
    assert [e["type"] for e in stored].count("workflow-finish") == 3


# --- bells ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("looking")
async def test_a_bell_that_was_lost_costs_time_and_nothing_else() -> None:
    run, hub = await make_run(), current_hub()
    following = asyncio.ensure_future(take(hub, run, 4))
    await until(lambda: hub.followed)

    await atell_silently(run, 0, 1)
    await atell_silently(run, 2, 3)

    assert await following == [0, 1, 2, 3]


@pytest.mark.usefixtures("no_looking")
async def test_a_bell_that_rings_without_need_or_too_often_tells_nothing() -> None:
    run, other, hub = await make_run(), await make_run("other"), current_hub()
    following = asyncio.ensure_future(take(hub, run, 2))
    await atell(run, 0)

    for _ in range(20):
        doorbell.ring({run.pk: 1, other.pk: 7, 999_999: 3})
        await asyncio.sleep(0)
    await atell(run, 1)

    assert await following == [0, 1]


async def test_a_hub_that_nobody_needs_holds_nothing() -> None:
    run, hub = await make_run(), current_hub()
    await atell(run, 0)

    await take(hub, run, 1)

    await until(lambda: hub.is_idle)
    assert hub.followed == 0


async def test_a_hub_waits_a_while_for_the_next_who_follows(settings: Any) -> None:
    settings.RUNS_STREAM_LINGER_SECONDS = 3600.0
    run, hub = await make_run(), current_hub()
    await atell(run, 0)

    for _ in range(2):
        assert await take(hub, run, 1) == [0]
        await until(lambda: hub.followed == 0)
        assert not hub.is_idle


# --- many -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_looking")
async def test_the_events_of_a_run_are_read_once_however_many_follow() -> None:
    run, hub = await make_run(), current_hub()
    await atell(run, *range(5))

    async def queries_with(followers: int) -> tuple[list[list[int]], Queries]:
        with counted("runs-hub") as queries:
            taken = await asyncio.gather(*(take(hub, run, 5) for _ in range(followers)))
            await until(lambda: hub.is_idle)
        return taken, queries

    (one, few), (thousand, many) = await queries_with(1), await queries_with(1000)

    assert (one, thousand) == ([[*range(5)]], [[*range(5)]] * 1000)
    assert many.about("runs_runevent") <= few.about("runs_runevent") + 1


@pytest.mark.usefixtures("no_looking")
async def test_many_runs_are_read_with_few_queries() -> None:
    runs, hub = [await make_run(f"r{n}") for n in range(60)], current_hub()
    for run in runs:
        await atell(run, 0, 1)

    with counted("runs-hub") as queries:
        taken = await asyncio.gather(*(take(hub, run, 2) for run in runs))
        await until(lambda: hub.is_idle)

    assert taken == [[0, 1]] * 60
    assert len(queries.statements) <= 6


# --- slow readers -----------------------------------------------------------------------------


async def test_a_long_history_waits_in_the_tables_for_its_reader() -> None:
    run, hub = await make_run(), current_hub()
    await atell(run, *range(3 * ROOM))

    async with hub.follower(run.pk) as follower:
        items = aiter(follower)
        first = await soon(anext(items))
        await until(lambda: not follower.has_room)
        held = follower.position
        rest = [await soon(anext(items)) for _ in range(3 * ROOM - 1)]

    assert held < 2 * ROOM
    assert [item.seq for item in [first, *rest]] == list(range(3 * ROOM))


@pytest.mark.usefixtures("looking")
async def test_a_reader_that_does_not_read_is_cut_and_told_where_to_go_on(settings: Any) -> None:
    run, hub = await make_run(), current_hub()
    await atell(run, *range(10))

    async with hub.follower(run.pk) as slow:
        items = aiter(slow)
        taken = [(await soon(anext(items))).seq for _ in range(3)]
        settings.RUNS_STREAM_PATIENCE_SECONDS = 0.1
        await until(lambda: not slow.has_room)
        settings.RUNS_STREAM_PATIENCE_SECONDS = 3600.0
        with pytest.raises(SlowReader) as raised:
            await soon(anext(items))

    assert (taken, raised.value.details) == ([0, 1, 2], {"next": 3})
    assert await take(hub, run, 7, offset=3) == [3, 4, 5, 6, 7, 8, 9]


# --- states -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_looking")
async def test_a_state_never_overtakes_the_events_that_led_to_it() -> None:
    flow = create_workflow("w").then(add(1)).then(ask()).commit()
    run, hub, seen = await flow.acreate_run(run_id="r"), current_hub(), []

    async with hub.follower(run.pk, states=True) as follower:
        items = aiter(follower)
        seen.append(await soon(anext(items)))
        await run.astart({"n": 1})
        while not (isinstance(seen[-1], State) and seen[-1].status == "suspended"):
            seen.append(await soon(anext(items)))

    told = 0
    for item in seen:
        if isinstance(item, State):
            assert item.next <= told
        else:
            told = item.seq + 1
    assert next(s.status for s in seen if isinstance(s, State)) == "pending"


@pytest.mark.usefixtures("no_looking")
async def test_who_waits_for_the_end_of_an_execution_is_told_by_the_bell() -> None:
    run, hub = await make_run(status="running", lease_owner="me"), current_hub()
    waiting = [asyncio.ensure_future(hub.until_still(run.pk)) for _ in range(50)]
    await atell(run, 0)
    await asyncio.sleep(0.05)
    early = [waiter.done() for waiter in waiting]

    await atell(run, 1, status="suspended", lease_owner="")

    states = await soon(asyncio.gather(*waiting))
    assert early == [False] * 50
    assert {(state.status, state.next) for state in states} == {("suspended", 2)}


async def test_who_waits_for_a_run_that_is_still_already_does_not_wait() -> None:
    run = await make_run(status="success")

    assert (await soon(current_hub().until_still(run.pk))).status == "success"


@pytest.mark.usefixtures("looking")
async def test_who_waits_for_workers_that_are_gone_is_told_so() -> None:
    run = await make_run(status="running")

    with pytest.raises(NoWorkers, match=r"manage\.py serve"):
        await soon(current_hub().until_still(run.pk))


@pytest.mark.usefixtures("looking")
async def test_who_follows_a_run_that_is_deleted_is_told_so() -> None:
    run, hub = await make_run(), current_hub()
    await atell(run, 0)
    events = hub.follow(run.pk)
    await soon(anext(events))

    await Run.objects.filter(pk=run.pk).adelete()

    with pytest.raises(RunNotFound):
        await soon(anext(events))


async def test_each_event_loop_has_a_hub_of_its_own() -> None:
    here = current_hub()

    assert current_hub() is here
    assert await in_a_thread(lambda: asyncio.run(_hub())) is not here


async def _hub() -> Hub:
    return current_hub()
