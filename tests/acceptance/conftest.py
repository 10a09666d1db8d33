from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.acceptance.serving import Served


@pytest.fixture(scope="session")
def migrated(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> bytes:
    """A database as `migrate` leaves it, to begin with where migrating is not what is tested.

    There is one at hand: that of the tests, between two of them.
    """
    copy = tmp_path_factory.mktemp("migrated") / "db.sqlite3"
    with django_db_blocker.unblock(), closing(sqlite3.connect(copy)) as target:
        connection.ensure_connection()
        connection.connection.backup(target)
        connection.close()
    return copy.read_bytes()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts ``serve`` on this test's data folder; kills what the test has left running."""
    started: list[Served] = []

    def start(*command: str, **environment: str) -> Served:
        started.append(Served(tmp_path / "data", command or ("serve",), **environment))
        return started[-1]

    yield start
    for served in started:
        served.clean_up()


@pytest.fixture
def prepared(tmp_path: Path, migrated: bytes) -> None:
    """This test's data folder has a database already."""
    prepare(tmp_path / "data", migrated)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, migrated: bytes) -> Iterator[Served]:
    """A server for all those tests of a module that leave it as well as they found it."""
    data = tmp_path_factory.mktemp("standing") / "data"
    prepare(data, migrated)
    served = Served(data)
    try:
        served.becomes_healthy()
        yield served
    finally:
        served.clean_up()


def prepare(data: Path, migrated: bytes) -> None:
    data.mkdir()
    (data / "db.sqlite3").write_bytes(migrated)
