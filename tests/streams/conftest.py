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
def no_looking(settings: Any) -> None:
    """What is followed is looked at when a bell rings, and never otherwise."""
    settings.RUNS_STREAM_LOOK_SECONDS = 3600.0


@pytest.fixture
def looking(settings: Any) -> None:
    """What is followed is looked at often."""
    settings.RUNS_STREAM_LOOK_SECONDS = 0.05
