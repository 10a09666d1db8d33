"""Workers alone, beside a server that runs elsewhere."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.acceptance.serving import PATIENCE_SECONDS, Served, until

pytestmark = pytest.mark.acceptance
Serve = Callable[..., Served]


@pytest.mark.usefixtures("prepared")
def test_workers_join_those_of_the_server_and_leave_it_alone_when_they_go(serve: Serve) -> None:
    served = serve()
    served.becomes_healthy()
    until(lambda: len(served.processes()) == 8, "all processes")
    before = set(served.processes())

    more = serve("runs_worker", "--workers", "1")
    until(lambda: _alive(served) == 3, "a third worker")
    # supervisor, sentinel, one worker, pusher, monitor
    until(lambda: len(served.processes()) - len(before) == 5, "all of its processes")
    more.process.send_signal(signal.SIGTERM)

    assert more.process.wait(PATIENCE_SECONDS) == 0
    assert set(served.processes()) == before
    assert served.health()[0] == 200


def _alive(served: Served) -> int:
    return int(served.health()[1].get("workers", {}).get("alive", 0))


def test_workers_do_not_touch_a_database_that_is_not_ready_for_them(serve: Serve) -> None:
    workers = serve("runs_worker")

    code, left = workers.ends()

    assert (code, left) == (1, {})
    assert "migrations: run `migrate` first." in workers.output
