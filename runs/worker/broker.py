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


class TicketBroker(RedisBroker):  # type: ignore[misc]
    """django-q2's Redis broker, which would rather fail now than keep its caller waiting."""

    @staticmethod
    def get_connection(list_key: str | None = None) -> redis.Redis:
        return redis.Redis.from_url(
            Conf.REDIS,
            retry=Retry(NoBackoff(), 1),  # once: a connection that lay idle may have been closed
            socket_connect_timeout=1.0,
            socket_timeout=3.0,  # longer than the second that a dequeue waits
        )

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Store a statistic twice a second; a missing one is not worth a line in the log."""
        with suppress(redis.RedisError):
            super().set_stat(key, value, timeout)


@cache
def ticket_broker() -> Broker:
    """Return this process's broker: Redis by URL, or whatever else django-q2 is set to."""
    if Conf.BROKER_CLASS or Conf.ORM or not isinstance(Conf.REDIS, str):
        return get_broker()
    return TicketBroker()


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
