"""Requests to the ASGI application share threads and database connections, one after another."""

from __future__ import annotations

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from runs.api.threads import KEPT, RequestThreads
from tests.store.waiting import DEADLINE

pytestmark = pytest.mark.django_db(transaction=True)


def _place() -> tuple[int, int]:
    """The thread that this is called in, and its database connection."""
    connection.ensure_connection()
    return threading.get_ident(), id(connection.connection)


async def _request(threads: RequestThreads) -> list[tuple[int, int]]:
    async with threads.one():
        return [await sync_to_async(_place)() for _ in range(3)]


async def _settled(threads: RequestThreads, free: int) -> None:
    """Wait until so many threads are free again."""
    async with asyncio.timeout(DEADLINE):
        while len(threads._free) < free:
            await asyncio.sleep(0.005)


def test_a_request_stays_in_one_thread_and_leaves_it_to_the_next_with_its_connection() -> None:
    async def two_requests() -> list[tuple[int, int]]:
        threads = RequestThreads()
        first = await _request(threads)
        await _settled(threads, 1)
        return first + await _request(threads)

    places = asyncio.run(two_requests())

    assert len(places) == 6
    assert len(set(places)) == 1


def test_requests_at_the_same_time_have_threads_of_their_own_of_which_some_are_kept() -> None:
    async def many_requests() -> tuple[set[int], int]:
        threads = RequestThreads()
        meet = threading.Barrier(KEPT + 2, timeout=DEADLINE)

        async def one() -> int:
            async with threads.one():
                await sync_to_async(meet.wait)()
                return (await sync_to_async(_place)())[0]

        used = set(await asyncio.gather(*(one() for _ in range(KEPT + 2))))
        await _settled(threads, KEPT)
        return used, len(threads._free)

    used, kept = asyncio.run(many_requests())

    assert (len(used), kept) == (KEPT + 2, KEPT)
