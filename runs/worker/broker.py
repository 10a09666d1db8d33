"""The queue of tickets, as this project needs it of django-q2.

A ticket only says "there is work", and the sweeper finds runs whose ticket was lost. So whoever
hands one in must never wait for a broker that is away, and whoever waits for one must outlast it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import redis
from django.db import connections
from django_q.brokers import Broker, get_broker
from django_q.brokers.redis_broker import Redis as RedisBroker
from django_q.conf import Conf
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

#: How long to wait before asking a broker again that did not answer.
PAUSE_SECONDS = 1.0


#: How long the broker is left alone by whoever found that it does not take tickets.
AWAY_SECONDS = 5.0


def _connect(answer_seconds: float) -> redis.Redis:
    return redis.Redis.from_url(
        Conf.REDIS,
        retry=Retry(NoBackoff(), 1),  # once: a connection that lay idle may have been closed
        socket_connect_timeout=1.0,
        socket_timeout=answer_seconds,
    )


class TicketBroker(RedisBroker):  # type: ignore[misc]
    """django-q2's Redis broker, which would rather fail now than keep its caller waiting."""

    @staticmethod
    def get_connection(list_key: str | None = None) -> redis.Redis:
        return _connect(3.0)  # longer than the second that a dequeue waits

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Store a statistic twice a second; a missing one is not worth a line in the log."""
        with suppress(redis.RedisError):
            super().set_stat(key, value, timeout)


class HandInBroker(TicketBroker):
    """For callers: a ticket that is not taken within the blink of an eye is not worth waiting for.

    After one that was not taken, none is tried for some seconds: a broker that hangs would
    otherwise hold up every start for as long as a time-out.
    """

    _away_until = 0.0

    @staticmethod
    def get_connection(list_key: str | None = None) -> redis.Redis:
        return _connect(0.5)

    def enqueue(self, task: str) -> Any:
        if time.monotonic() < self._away_until:
            raise redis.ConnectionError("it did not answer a moment ago")
        try:
            return super().enqueue(task)
        except redis.RedisError:
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise


@cache
def ticket_broker(*, for_callers: bool = False) -> Broker:
    """Return this process's broker: Redis by URL, or whatever else django-q2 is set to."""
    if Conf.BROKER_CLASS or Conf.ORM or not isinstance(Conf.REDIS, str):
        return get_broker()
    return HandInBroker() if for_callers else TicketBroker()


def outlasting(dequeue: Callable[[], Any]) -> Callable[[], Any]:
    """Wrap a broker's dequeue so that an absent broker looks like an empty one.

    django-q2's pusher ends at the first error, and in our cluster everything with it; but no
    running step should suffer because a broker restarts.
    """
    lost = False

    def dequeue_or_wait() -> Any:
        nonlocal lost
        try:
            tickets = dequeue()
        except Exception as error:
            if not lost:
                logger.warning("The broker does not answer (%s); tickets wait.", error)
            lost = True
            connections.close_all()  # where the broker is the database
            time.sleep(PAUSE_SECONDS)
            return None
        if lost:
            logger.warning("The broker answers again.")
            lost = False
        return tickets

    return dequeue_or_wait
