from __future__ import annotations

import pytest

from project.backends import channel_layer, database, queue


def test_workers_keep_their_postgres_connections() -> None:
    config = database(
        "postgres://alice:s%40fe@db.example.org:5433/shop?sslmode=require", pooled=False
    )

    assert config == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "shop",
        "USER": "alice",
        "PASSWORD": "s@fe",
        "HOST": "db.example.org",
        "PORT": 5433,
        "OPTIONS": {"sslmode": "require"},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }


def test_web_processes_share_their_postgres_connections() -> None:
    config = database("postgres://alice@db.example.org/shop?sslmode=require", pooled=True)

    assert config["CONN_MAX_AGE"] == 0
    assert config["OPTIONS"] == {
        "sslmode": "require",
        "pool": {"min_size": 1, "max_size": 20, "timeout": 30},
    }


def test_a_sqlite_url_gets_the_options_of_many_writers() -> None:
    config = database("sqlite:////srv/runs.sqlite3", pooled=True)

    assert (config["NAME"], config["OPTIONS"]["transaction_mode"]) == (
        "/srv/runs.sqlite3",
        "IMMEDIATE",
    )


@pytest.mark.parametrize("url", ["mysql://a@b/c", "db.example.org", "postgres://a@b:port/c"])
def test_any_other_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        database(url, pooled=False)


def test_the_queue_is_the_database_where_there_is_no_redis() -> None:
    with_redis, without = queue("redis://r", workers=3), queue("", workers=3)

    assert ("orm" in with_redis, with_redis["redis"]) == (False, "redis://r")
    assert ("redis" in without, without["orm"]) == (False, "default")
    assert with_redis["workers"] == without["workers"] == 3


def test_a_subscription_may_stay_silent_for_ever() -> None:
    layer = channel_layer("unix:///run/valkey.sock")

    assert layer["CONFIG"] == {
        "hosts": [{"address": "unix:///run/valkey.sock", "socket_timeout": None}]
    }


def test_there_is_a_channel_layer_without_redis_too() -> None:
    assert channel_layer("") == {"BACKEND": "channels.layers.InMemoryChannelLayer"}
