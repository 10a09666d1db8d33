"""Who waits for a run hears of it at once, whichever process it moves in."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from project.backends import channel_layer
from runs.store import doorbell
from runs.store.doorbell import Ringer
from runs.worker import hearing
from runs.worker.valkey import EmbeddedValkey
from tests.store.waiting import until

#: Far longer than any of these tests may take: what ends earlier has heard a bell.
LONG = 60.0


@pytest.fixture
def redis(settings: Any) -> Iterator[EmbeddedValkey]:
    """A Valkey that carries the bells of this test."""
    server = EmbeddedValkey(django_settings.RUNS_DATA)
    server.start()
    settings.CHANNEL_LAYERS = {"default": channel_layer(server.url)}
    yield server
    until(lambda: all(thread.name != "runs-ears" for thread in threading.enumerate()))
    server.stop()


def _ringing(ring: Any, ended: threading.Event) -> threading.Thread:
    """Rings again and again until it is told to end: a single bell may come too early."""

    def work() -> None:
        while not ended.wait(0.02):
            ring()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _seconds_until_heard(ring: Any) -> float:
    ended, began = threading.Event(), time.monotonic()
    with hearing.bell(7) as bell:
        thread = _ringing(ring, ended)
        bell.wait(LONG)
    ended.set()
    thread.join()
    return time.monotonic() - began


def test_a_bell_of_this_process_wakes_who_waits_in_a_thread() -> None:
    assert _seconds_until_heard(lambda: doorbell.ring({7: 1})) < LONG / 2


def test_a_bell_of_another_process_wakes_who_waits_in_a_thread(redis: EmbeddedValkey) -> None:
    ringer = Ringer()  # it tells others only, as if it were in another process

    assert _seconds_until_heard(lambda: ringer.ring({7: 1})) < LONG / 2


async def test_a_bell_wakes_who_waits_on_a_loop(redis: EmbeddedValkey) -> None:
    ringer, ended = Ringer(), threading.Event()
    thread = _ringing(lambda: ringer.ring({7: 1}), ended)

    async with asyncio.timeout(LONG / 2):
        with hearing.loop_bell(7) as bell:
            await bell.wait(LONG)

    ended.set()
    await asyncio.to_thread(thread.join)


def test_a_bell_for_another_run_wakes_nobody() -> None:
    with hearing.bell(7) as bell:
        doorbell.ring({8: 1})
        bell.wait(0.0)

        assert not bell.is_rung


def test_who_has_gone_is_not_rung_for() -> None:
    with hearing.bell(7) as bell:
        pass
    doorbell.ring({7: 1})

    assert not bell.is_rung
