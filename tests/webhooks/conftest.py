from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.db import connection

from tests.webhooks.receiver import Receiver, receiving

SECRET = "secret-of-both"


@pytest.fixture(autouse=True, scope="module")
def closed_connections() -> Iterator[None]:
    """Close the connection of the thread that async calls use, else the database cannot go."""
    yield
    SyncToAsync.single_thread_executor.submit(lambda: connection.close()).result()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.RUNS_WEBHOOK_SECRET = SECRET
    settings.RUNS_WEBHOOK_ALLOW_PRIVATE = True
    with receiving() as receiver:
        yield receiver
