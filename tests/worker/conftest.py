from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.db import connection


@pytest.fixture(autouse=True, scope="module")
def closed_connections() -> Iterator[None]:
    """Close the connection of the thread that async calls use, else the database cannot go."""
    yield
    SyncToAsync.single_thread_executor.submit(lambda: connection.close()).result()


@pytest.fixture
def background(settings: Any) -> None:
    """Runs are executed by workers: by the runners that the test starts."""
    settings.RUNS_EXECUTION = "background"
