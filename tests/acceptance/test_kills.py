"""SIGKILL of each kind of process: the rest notices, and nothing is left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import psutil
import pytest

from tests.acceptance.serving import Served, until

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("prepared")]
Serve = Callable[..., Served]


@pytest.mark.parametrize("victim", ["a worker", "the cluster's main process", "the pusher"])
def test_the_cluster_recovers_from_the_death_of(victim: str, standing: Served) -> None:
    standing.becomes_healthy()
    cluster, workers = standing.cluster(), standing.workers()
    others = {child.pid for child in psutil.Process(cluster).children()} - set(workers)
    pid = {
        "a worker": workers[0],
        "the cluster's main process": cluster,
        "the pusher": max(others),  # it is forked last
    }[victim]

    os.kill(pid, signal.SIGKILL)

    known = {cluster, *workers, *others}
    until(lambda: not known & set(standing.processes()), "the end of them all")
    standing.becomes_healthy()
    until(lambda: len(standing.processes()) == 8, "all processes")


def test_a_killed_web_server_is_started_again_at_the_same_place(standing: Served) -> None:
    standing.becomes_healthy()
    workers, web = standing.workers(), standing.web()

    os.kill(web, signal.SIGKILL)

    until(lambda: web not in standing.processes(), "the end of the web server")
    standing.becomes_healthy()
    assert standing.workers() == workers


def test_a_killed_valkey_is_started_again_and_no_worker_minds(standing: Served) -> None:
    standing.becomes_healthy()
    workers, valkey = standing.workers(), standing.valkey()

    os.kill(valkey, signal.SIGKILL)

    until(lambda: valkey not in standing.processes(), "the end of Valkey")
    standing.becomes_healthy()
    assert standing.workers() == workers


def test_a_killed_supervisor_leaves_nothing_and_the_next_one_goes_on(serve: Serve) -> None:
    first = serve()
    first.becomes_healthy()

    first.process.kill()
    first.everything_goes()

    second = serve()
    second.becomes_healthy()
    assert "created the account" not in second.output


def test_the_next_supervisor_need_not_wait_for_the_remains_of_a_killed_one(serve: Serve) -> None:
    first = serve()
    first.becomes_healthy()
    first.process.kill()

    second = serve(PORT=first.url.rpartition(":")[2].strip("/"))

    second.becomes_healthy()
    until(lambda: len(second.processes()) == 8, "the end of the first one's processes")
    second.press_ctrl_c()
    assert second.ends() == (0, {})
