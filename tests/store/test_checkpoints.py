from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from runs.store import checkpoints, ledger
from runs.store.ledger import Write
from tests.store.entries import entry, run_row
from tests.store.waiting import until


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A checkpoint after three commits, and none that is still going on at the end."""
    monkeypatch.setattr(checkpoints, "EVERY", 3)
    yield
    until(lambda: not _is_copying())


def _is_copying() -> bool:
    return any(thread.name == "runs-checkpoint" for thread in threading.enumerate())


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own log")
def test_what_was_committed_is_copied_into_the_database_by_another_thread() -> None:
    run = run_row()
    file = Path(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint=0")

    for number in range(3):
        ledger.append([Write(run.pk, 1, 0, [entry(f"p{number}", "copied by a thread")])])

    until(lambda: b"copied by a thread" in file.read_bytes())
    connection.close()  # and with it the setting


def test_a_database_in_memory_has_nothing_to_copy(caplog: Any) -> None:
    raw = sqlite3.connect(":memory:")

    for _ in range(6):
        checkpoints.after_commit(raw)

    until(lambda: not _is_copying())
    assert caplog.messages == []


def test_a_log_that_cannot_be_copied_is_told_of_and_hurts_nobody(
    tmp_path: Path, caplog: Any
) -> None:
    caplog.set_level(logging.WARNING, "runs.store")
    raw = sqlite3.connect(tmp_path / "lost.sqlite3")
    (tmp_path / "lost.sqlite3").unlink()
    (tmp_path / "lost.sqlite3").mkdir()

    for _ in range(3):
        checkpoints.after_commit(raw)

    until(lambda: caplog.messages)
    assert caplog.messages == ["SQLite's log could not be copied: unable to open database file"]
