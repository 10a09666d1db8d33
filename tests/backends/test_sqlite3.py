from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler
from django.test.utils import CaptureQueriesContext

from runs.backends.sqlite3.base import begin
from tests.store.waiting import DEADLINE, Background


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shared.sqlite3"


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else, who writes at this moment."""
    raw = sqlite3.connect(file, isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("BEGIN IMMEDIATE")
    yield raw
    raw.close()


@pytest.fixture
def raw(file: Path, writer: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    raw = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    yield raw
    raw.close()


def test_who_finds_another_one_writing_waits_for_it(
    writer: sqlite3.Connection, raw: sqlite3.Connection
) -> None:
    waiting = Background(lambda: begin(raw, DEADLINE))
    assert not raw.in_transaction

    writer.execute("COMMIT")

    waiting.outcome()
    assert raw.in_transaction
    assert raw.execute("PRAGMA busy_timeout").fetchone() == (DEADLINE * 1000,)


@pytest.mark.usefixtures("writer")
def test_who_has_waited_for_long_enough_gives_up(raw: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        begin(raw, 0.05)

    assert not raw.in_transaction
    assert raw.execute("PRAGMA busy_timeout").fetchone() == (50,)


def test_what_no_waiting_can_help_is_said_at_once(writer: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        begin(writer, DEADLINE)


@pytest.fixture
def database(file: Path) -> Iterator[Any]:
    """A connection of Django's to the file, which waits for others no longer than a moment."""
    options = {"timeout": 0.05, "transaction_mode": "IMMEDIATE"}
    settings = {"ENGINE": "runs.backends.sqlite3", "NAME": str(file), "OPTIONS": options}
    connection = ConnectionHandler({"default": settings})["default"]
    yield connection
    connection.close()


@pytest.mark.django_db
def test_a_transaction_of_django_waits_the_same_way(
    database: Any, writer: sqlite3.Connection
) -> None:
    def write() -> None:
        database.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)

    with pytest.raises(OperationalError, match="database is locked"):
        write()

    writer.execute("COMMIT")
    with CaptureQueriesContext(database) as captured:
        write()
    assert [query["sql"] for query in captured.captured_queries] == ["BEGIN IMMEDIATE"]
    assert database.connection.in_transaction
