"""What the run tables, the queue and the doorbell are kept in.

The defaults need nothing but this machine: SQLite, and a Valkey on a Unix socket. A URL replaces
each of them, and no other code can tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dj_database_url

from project.environment import read


def database(url: str, *, pooled: bool) -> dict[str, Any]:
    """Return Django's settings for a database URL.

    A pool serves a web process, whose requests each take a connection for a moment. Workers keep
    one connection a thread, and check it when they come back to it.
    """
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        return sqlite(config["NAME"])
    if config["ENGINE"] != "django.db.backends.postgresql":
        raise ValueError("only postgres:// and sqlite:// databases are supported")
    if pooled:
        pool = {"min_size": 1, "max_size": 20, "timeout": 30}
        return config | {"OPTIONS": config.get("OPTIONS", {}) | {"pool": pool}}
    return config | {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}


def synchronous(text: str) -> str:
    """How a SQLite commit is kept safe: FULL survives a power failure, NORMAL a crash."""
    if text.upper() not in ("NORMAL", "FULL"):
        raise ValueError("expected NORMAL or FULL")
    return text.upper()


def sqlite(path: Path | str) -> dict[str, Any]:
    """Return Django's settings for a SQLite file that several processes write to."""
    pragmas = {
        "journal_mode": "WAL",
        "synchronous": read("SQLITE_SYNCHRONOUS", synchronous, "NORMAL"),
        "mmap_size": 134_217_728,
        "cache_size": -20_000,
        # Pages. Each checkpoint writes the same ones once more and waits for the disk, twice; most
        # of the work is done by then (runs.store.checkpoints).
        "wal_autocheckpoint": 8_000,
    }
    options: dict[str, Any] = {
        # A transaction that begins with a read cannot wait for the write lock later: it fails.
        "transaction_mode": "IMMEDIATE",
        # SQLite's back-off is unfair; a writer among many may wait far longer than the usual 5 s.
        "timeout": 20,
        "init_command": ";".join(f"PRAGMA {name}={value}" for name, value in pragmas.items()),
    }
    # Opening the file anew, with all of the above, costs more than most requests and steps.
    kept = {"CONN_MAX_AGE": None}
    return {"ENGINE": "runs.backends.sqlite3", "NAME": str(path), "OPTIONS": options} | kept


def queue(redis_url: str, *, workers: int) -> dict[str, Any]:
    """Return django-q2's settings. A task is a ticket, "there is work": losing one loses nothing.

    Without Redis the tickets are rows of the database, polled.
    """
    broker = {"redis": redis_url} if redis_url else {"orm": "default", "poll": 0.05, "bulk": 20}
    return {
        "name": "runs",
        "workers": workers,
        "timeout": 60,
        "retry": 90,  # must exceed the timeout, else a ticket is handed out twice
        "ack_failures": True,
        "save_limit": -1,  # a kept ticket would say nothing that its run does not say better
        "queue_limit": 50,
        "recycle": 100_000,
        "catch_up": False,
    } | broker


def channel_layer(redis_url: str) -> dict[str, Any]:
    """Return the channel layer that tells web processes which runs moved."""
    if not redis_url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    # With the client's default timeout, a subscription that stays silent for seconds is closed.
    host = {"address": redis_url, "socket_timeout": None}
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [host]},
    }
