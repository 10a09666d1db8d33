from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from tests.store.waiting import DEADLINE, Background

pytestmark = pytest.mark.django_db

INSERT = "INSERT INTO note VALUES (%s)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shared.sqlite3"


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else, who writes at this moment."""
    raw = sqlite3.connect(file, isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("CREATE TABLE note (text)")
    raw.execute("BEGIN IMMEDIATE")
    raw.execute("INSERT INTO note VALUES ('theirs')")
    yield raw
    raw.close()


Connect = Callable[..., BaseDatabaseWrapper]


@pytest.fixture
def connect(file: Path) -> Iterator[Connect]:
    """Makes connections of Django's to the file, for any thread."""
    made: list[BaseDatabaseWrapper] = []

    def connect(timeout: float, mode: str | None = "IMMEDIATE") -> BaseDatabaseWrapper:
        options = {"timeout": timeout, "transaction_mode": mode}
        settings = {"ENGINE": "runs.backends.sqlite3", "NAME": str(file), "OPTIONS": options}
        handler = ConnectionHandler({"default": settings})
        made.append(handler["default"])
        made[-1].inc_thread_sharing()
        made[-1].ensure_connection()
        return made[-1]

    yield connect
    for database in made:
        database.close()


def insert(database: Any) -> None:
    with database.cursor() as cursor:
        cursor.execute(INSERT, ["ours"])


def insert_two(database: Any) -> None:
    with database.cursor() as cursor:
        cursor.executemany(INSERT, [["ours"], ["ours, too"]])


def insert_as_a_script(database: Any) -> None:
    with database.cursor() as cursor:
        cursor.cursor.executescript("INSERT INTO note VALUES ('ours')")


def insert_beside_django(database: Any) -> None:
    database.connection.execute("INSERT INTO note VALUES ('ours')")


def begin(database: Any) -> None:
    database.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


WAYS = [insert, insert_two, insert_as_a_script, insert_beside_django, begin]


@pytest.mark.parametrize("write", WAYS)
def test_who_finds_another_one_writing_waits_for_it(
    write: Callable[[Any], None], connect: Connect, writer: sqlite3.Connection
) -> None:
    database = connect(DEADLINE)
    waiting = Background(lambda: write(database))

    writer.execute("COMMIT")

    waiting.outcome()
    with database.cursor() as cursor:
        cursor.execute("SELECT text FROM note WHERE text <> 'theirs'")
        found = [text for (text,) in cursor]
    assert found == {begin: [], insert_two: ["ours", "ours, too"]}.get(write, ["ours"])


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize("write", WAYS)
def test_who_has_waited_for_long_enough_gives_up(
    write: Callable[[Any], None], connect: Connect
) -> None:
    database = connect(0.05)

    with pytest.raises((OperationalError, sqlite3.OperationalError), match="database is locked"):
        write(database)

    assert not database.connection.in_transaction


def test_a_commit_waits_for_those_who_read(file: Path, connect: Connect) -> None:
    """Without a write-ahead log, that is."""
    database = connect(DEADLINE)
    with database.cursor() as cursor:
        cursor.execute("CREATE TABLE note (text)")
        cursor.execute(INSERT, ["ours"])
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM note").fetchall()
    begin(database)
    insert(database)

    waiting = Background(database.commit)
    reader.execute("COMMIT")

    waiting.outcome()
    assert reader.execute("SELECT COUNT(*) FROM note").fetchone() == (2,)
    reader.close()


def test_what_no_waiting_can_help_is_said_at_once(connect: Connect) -> None:
    database: Any = connect(DEADLINE)
    begin(database)
    attempts: list[str] = []
    database.connection.set_trace_callback(attempts.append)

    with pytest.raises(OperationalError, match="within a transaction"), database.cursor() as cursor:
        cursor.execute("BEGIN")

    assert attempts == ["BEGIN"]


def test_a_stale_view_is_not_attempted_again(connect: Connect, writer: sqlite3.Connection) -> None:
    """Whoever read before others wrote can never write in that transaction."""
    database: Any = connect(DEADLINE)
    raw = database.connection
    raw.execute("BEGIN DEFERRED")
    raw.execute("SELECT * FROM note").fetchall()
    writer.execute("COMMIT")

    with pytest.raises(OperationalError) as problem:
        insert(database)

    assert problem.value.__cause__.sqlite_errorname == "SQLITE_BUSY_SNAPSHOT"  # type: ignore[union-attr]


def test_transactions_that_do_not_queue_up_are_left_to_sqlite(connect: Connect) -> None:
    database: Any = connect(0.5, mode=None)

    assert type(database.connection) is sqlite3.Connection
    assert database.connection.execute("PRAGMA busy_timeout").fetchone() == (500,)
