"""The doorbell rings after the commit, in this process at once and in others by Redis."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction

from project.backends import channel_layer
from runs.store import doorbell, ledger
from runs.store.doorbell import Moved, Ringer
from runs.store.ears import Ears
from runs.store.ledger import Write
from runs.worker.valkey import EmbeddedValkey
from tests.store.entries import event, run_row
from tests.store.waiting import DEADLINE, until


@pytest.fixture
def heard() -> Iterator[list[Moved]]:
    found: list[Moved] = []
    stop = doorbell.listen(found.append)
    yield found
    stop()


@pytest.mark.django_db(transaction=True)
def test_it_rings_after_the_commit_with_the_number_of_the_next_event(heard: list[Moved]) -> None:
    run = run_row()

    with transaction.atomic():
        ledger.append_one(Write(run.pk, 1, 0, (), [event(0), event(1)]))
        before = list(heard)

    assert (before, heard) == ([], [{run.pk: 2}])


@pytest.mark.django_db(transaction=True)
def test_one_commit_for_many_runs_rings_once(heard: list[Moved]) -> None:
    one, other = run_row("one"), run_row("other")

    ledger.append([Write(one.pk, 1, 0, (), [event(0)]), Write(other.pk, 1, 0, (), ())])

    assert heard == [{one.pk: 1, other.pk: 0}]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_or_refused_rings_for_nobody(heard: list[Moved]) -> None:
    run = run_row()

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ledger.append_one(Write(run.pk, 1, 0, (), [event(0)]))
        raise ZeroDivisionError
    ledger.append([Write(run.pk, 1, 7, (), [event(0)])])

    assert heard == []


def test_a_listener_that_raises_keeps_nobody_from_hearing(heard: list[Moved]) -> None:
    def raises(moved: Moved) -> None:
        raise ValueError

    stop = doorbell.listen(raises)
    other: list[Moved] = []
    stop_other = doorbell.listen(other.append)

    doorbell.ring({1: 2})
    stop()
    stop_other()
    doorbell.ring({1: 3})

    assert (heard, other) == ([{1: 2}, {1: 3}], [{1: 2}])


@pytest.fixture
def redis(settings: Any) -> Iterator[EmbeddedValkey]:
    """A Valkey that carries the bells of this test."""
    server = EmbeddedValkey(django_settings.RUNS_DATA)
    server.start()
    settings.CHANNEL_LAYERS = {"default": channel_layer(server.url)}
    yield server
    server.stop()


async def test_it_is_heard_over_redis_and_what_gathers_goes_together(redis: EmbeddedValkey) -> None:
    heard: list[Moved] = []
    ears, ringer = Ears(heard.append), Ringer()
    async with asyncio.timeout(DEADLINE):
        while not heard:  # until the subscription stands
            ringer.ring({0: 0})
            await asyncio.sleep(0.02)
    heard.clear()

    for number in range(1, 200):
        ringer.ring({7: number, 8: 200 - number})
    async with asyncio.timeout(DEADLINE):
        while not any(moved.get(7) == 199 for moved in heard):
            await asyncio.sleep(0.005)

    await ears.close()
    assert len(heard) < 100
    assert max(moved.get(8, 0) for moved in heard) == 199


def test_a_redis_that_is_away_is_logged_once_and_keeps_nobody_waiting(
    redis: EmbeddedValkey, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "PAUSE_SECONDS", 0.01)
    caplog.set_level(logging.WARNING, "runs.doorbell")
    ringer = Ringer()
    redis.stop()

    for number in range(20):
        ringer.ring({1: number})
        until(lambda: not ringer.is_ringing)
    redis.start()
    until(lambda: _rings(ringer, caplog))

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "The doorbell is silent, followers look by themselves",
        "The doorbell rings again",
    ]


def _rings(ringer: Ringer, caplog: pytest.LogCaptureFixture) -> bool:
    ringer.ring({1: 1})
    return "rings again" in caplog.text
