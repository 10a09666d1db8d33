"""Workers alone, beside a server that runs elsewhere."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.acceptance.serving import Served, until

pytestmark = pytest.mark.acceptance
Serve = Callable[..., Served]


def test_workers_join_those_of_the_server_and_leave_it_alone_when_they_go(serve: Serve) -> None:
    served = serve()
    served.becomes_healthy()
    before = set(served.processes())

    more = serve("runs_worker", "--workers", "1")
    until(lambda: served.health()[1]["workers"]["alive"] == 3, "a third worker")
    joined = len(served.processes()) - len(before)
    more.process.send_signal(signal.SIGTERM)

    # supervisor, sentinel, one worker, pusher, monitor
    assert joined == 5
    assert more.process.wait(60) == 0
    assert set(served.processes()) == before
    assert served.health()[0] == 200


def test_workers_do_not_touch_a_database_that_is_not_ready_for_them(serve: Serve) -> None:
    workers = serve("runs_worker")

    code, left = workers.ends()

    assert (code, left) == (1, {})
    assert "migrations: run `migrate` first." in workers.output
