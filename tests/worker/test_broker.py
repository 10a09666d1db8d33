from __future__ import annotations

import logging
import queue
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django_q.signing import SignedPackage

from runs.worker import broker
from runs.worker.broker import HandInBroker, outlasting, ticket_broker
from runs.worker.tasks import Results, enqueue
from runs.worker.valkey import EmbeddedValkey


@pytest.fixture
def valkey() -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(settings.RUNS_DATA)
    server.start()
    ticket_broker.cache_clear()  # the one of callers may have found nobody a moment ago
    yield server
    server.stop()


def test_a_ticket_names_its_run_and_nothing_else(valkey: EmbeddedValkey) -> None:
    ticket_broker().purge_queue()

    enqueue(41)

    [(_, package)] = ticket_broker().dequeue()
    ticket = SignedPackage.loads(package)
    assert (ticket["func"], ticket["args"], ticket["kwargs"]) == (
        "runs.worker.tasks.drive",
        (41,),
        {},
    )


def test_a_broker_that_is_away_costs_the_caller_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    enqueue(41)

    [record] = [r for r in caplog.records if r.name == "runs.worker.tasks"]
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("Run 41 got no ticket, the sweeper will find it: ")


def test_a_broker_that_is_away_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasty, server = HandInBroker(), EmbeddedValkey(settings.RUNS_DATA)
    monkeypatch.setattr(broker, "AWAY_SECONDS", 1000.0)
    with pytest.raises(redis.ConnectionError):
        hasty.enqueue("a ticket")
    server.start()
    try:
        with pytest.raises(redis.ConnectionError, match="it did not answer a moment ago"):
            hasty.enqueue("a ticket")

        monkeypatch.setattr(hasty, "_away_until", 0.0)

        assert hasty.enqueue("a ticket") == 1
    finally:
        server.stop()


def test_an_absent_broker_looks_like_an_empty_one_and_is_mentioned_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    monkeypatch.setattr(broker, "PAUSE_SECONDS", 0)
    answers = iter([["ticket 1"], OSError("gone"), OSError("gone"), None, ["ticket 2"]])

    def dequeue() -> object:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    patient = outlasting(dequeue)

    assert [patient() for _ in range(5)] == [["ticket 1"], None, None, None, ["ticket 2"]]
    assert [record.getMessage() for record in caplog.records] == [
        "The broker does not answer (gone); tickets wait.",
        "The broker answers again.",
    ]


def test_of_a_ticket_that_was_taken_nothing_leaves_the_worker() -> None:
    left: queue.SimpleQueue[object] = queue.SimpleQueue()
    results = Results(left)
    taken = {"func": "runs.worker.tasks.drive", "success": True, "ack_id": None}
    others = [
        taken | {"success": False},
        taken | {"ack_id": "to be acknowledged"},
        taken | {"func": "shop.tasks.send_mail"},
    ]

    for task in (taken, *others, taken | {"func": "runs.worker.tasks.look"}):
        results.put(task)

    assert [left.get_nowait() for _ in range(left.qsize())] == others
