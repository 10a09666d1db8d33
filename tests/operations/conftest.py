from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import connection
from django_q.signing import SignedPackage

from runs import Workflow, create_workflow
from runs.operations import calls
from runs.worker import clock as clocks
from runs.worker.broker import ticket_broker
from runs.worker.valkey import EmbeddedValkey
from tests.operations.scheduling import SetClock
from tests.store.gallery import same


@pytest.fixture(autouse=True, scope="module")
def closed_connections() -> Iterator[None]:
    """Close the connection of the thread that async calls use, else the database cannot go."""
    yield
    SyncToAsync.single_thread_executor.submit(lambda: connection.close()).result()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resume waits for a run that may be about to suspend; here none is."""
    monkeypatch.setattr(calls, "PATIENCE", 0.05)


@pytest.fixture(scope="module")
def valkey() -> Iterator[None]:
    server = EmbeddedValkey(settings.RUNS_DATA)
    server.start()
    ticket_broker.cache_clear()  # the one of callers may have found nobody a moment ago
    yield
    server.stop()


@pytest.fixture
def tickets(valkey: None) -> Callable[[], list[int]]:
    """Take the tickets out of the queue; answers the runs they name."""
    ticket_broker().purge_queue()

    def take() -> list[int]:
        found: list[int] = []
        while ticket_broker().queue_size():
            found += [
                SignedPackage.loads(package)["args"][0] for _, package in ticket_broker().dequeue()
            ]
        return found

    return take


@pytest.fixture
def clock() -> Iterator[SetClock]:
    """The time of workflows, which stands still until it is moved."""
    clock = SetClock()
    with clocks.replaced_by(clock):
        yield clock


@pytest.fixture
def report(registry: None, clock: SetClock) -> Workflow:
    """A workflow to schedule, that wants a day."""
    schema = {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}
    return create_workflow(id="report", input_schema=schema).then(same("render")).commit()
