from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from runs.models import WorkerProcess
from runs.worker.valkey import EmbeddedValkey

pytestmark = pytest.mark.django_db

MOMENT_AGO = timedelta(milliseconds=1)
LONG_AGO = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def background(settings: Settings) -> None:
    settings.RUNS_EXECUTION = "background"
    settings.RUNS_WORKER_TIMEOUT_SECONDS = 60.0


@pytest.fixture
def broker() -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(django_settings.RUNS_DATA)
    server.start()
    yield server
    server.stop()


def worker(name: str, *, seen: timedelta, swept: timedelta | None) -> WorkerProcess:
    now = timezone.now()
    return WorkerProcess.objects.create(
        id=f"secret-host:4711:{name}",
        host="secret-host",
        pid=4711,
        slots=128,
        driving=3,
        started_at=now - LONG_AGO,
        seen_at=now - seen,
        swept_at=None if swept is None else now - swept,
    )


def wire(moment: Any) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def told(process: WorkerProcess, *, ok: bool) -> dict[str, Any]:
    return {
        "ok": ok,
        "startedAt": wire(process.started_at),
        "seenAt": wire(process.seen_at),
        "driving": 3,
        "slots": 128,
    }


def test_where_everything_is_well_it_answers_200_to_anyone(
    client: Client, broker: EmbeddedValkey
) -> None:
    alive = worker("a", seen=MOMENT_AGO, swept=MOMENT_AGO)

    response = client.get("/health/")

    assert response.status_code == 200
    assert response.json() == {
        "ok": True,
        "database": {"ok": True},
        "broker": {"ok": True},
        "workers": {"ok": True, "alive": 1, "seen": [told(alive, ok=True)]},
        "sweeper": {"ok": True, "sweptAt": wire(alive.swept_at)},
    }


def test_a_broker_that_is_away_is_told_without_saying_where_it_should_be(client: Client) -> None:
    alive = worker("a", seen=MOMENT_AGO, swept=MOMENT_AGO)

    response = client.get("/health/")

    assert response.status_code == 503
    assert response.json() == {
        "ok": False,
        "database": {"ok": True},
        "broker": {"ok": False},
        "workers": {"ok": True, "alive": 1, "seen": [told(alive, ok=True)]},
        "sweeper": {"ok": True, "sweptAt": wire(alive.swept_at)},
    }


def test_silent_workers_count_as_gone(client: Client, broker: EmbeddedValkey) -> None:
    silent = worker("a", seen=LONG_AGO, swept=LONG_AGO)

    response = client.get("/health/")

    assert response.status_code == 503
    assert response.json() == {
        "ok": False,
        "database": {"ok": True},
        "broker": {"ok": True},
        "workers": {"ok": False, "alive": 0, "seen": [told(silent, ok=False)]},
        "sweeper": {"ok": False, "sweptAt": wire(silent.swept_at)},
    }


def test_workers_that_do_not_sweep_leave_timers_and_lost_runs_alone(
    client: Client, broker: EmbeddedValkey
) -> None:
    alive = worker("a", seen=MOMENT_AGO, swept=None)

    response = client.get("/health/")

    assert response.status_code == 503
    assert response.json() == {
        "ok": False,
        "database": {"ok": True},
        "broker": {"ok": True},
        "workers": {"ok": True, "alive": 1, "seen": [told(alive, ok=True)]},
        "sweeper": {"ok": False, "sweptAt": None},
    }


def test_where_runs_execute_in_the_caller_no_worker_is_missed(
    client: Client, broker: EmbeddedValkey, settings: Settings
) -> None:
    settings.RUNS_EXECUTION = "inline"

    response = client.get("/health/")

    assert response.status_code == 200
    assert response.json() == {
        "ok": True,
        "database": {"ok": True},
        "broker": {"ok": True},
        "workers": {"ok": True, "alive": 0, "seen": []},
        "sweeper": {"ok": True, "sweptAt": None},
    }


def test_a_database_that_is_away_is_told_without_its_error(
    client: Client, broker: EmbeddedValkey
) -> None:
    def refuse(*args: object) -> None:
        raise OperationalError("could not connect as admin with password hunter2")

    with connection.execute_wrapper(refuse):
        response = client.get("/health/")

    assert response.status_code == 503
    assert response.json() == {
        "ok": False,
        "database": {"ok": False},
        "broker": {"ok": True},
        "workers": {"ok": False, "alive": 0, "seen": []},
        "sweeper": {"ok": False, "sweptAt": None},
    }


def test_it_is_neither_cached_nor_written_to(client: Client) -> None:
    assert "no-store" in client.get("/health/")["Cache-Control"]
    assert client.post("/health/").status_code == 405
    assert client.head("/health/").content == b""
