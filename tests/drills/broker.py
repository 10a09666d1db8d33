"""The broker is down for half a minute, or hangs: starts are accepted, and runs go on."""

from __future__ import annotations

import os
import signal
import time

from runs.worker.valkey import EmbeddedValkey, embedded_url
from tests.acceptance.serving import Served
from tests.drills.load import through
from tests.drills.site import site
from tests.drills.verdict import Verdict


def drill(*, database: str, runs: int, seconds: float, hangs: bool) -> Verdict:
    """Stop a Valkey that the site did not start, or freeze the site's own, for some seconds."""
    with site(database) as place:
        if hangs:
            return through(place, lambda it: _freeze(it, seconds), runs=runs, seconds=2 * seconds)
        folder = place.folder / "broker"
        folder.mkdir()
        valkey = EmbeddedValkey(folder)
        valkey.start()
        os.environ["REDIS_URL"] = place.environment["REDIS_URL"] = embedded_url(folder)
        try:
            return through(place, lambda _: _stop(valkey, seconds), runs=runs, seconds=2 * seconds)
        finally:
            valkey.stop()
            del os.environ["REDIS_URL"]


def _stop(valkey: EmbeddedValkey, seconds: float) -> None:
    valkey.stop()
    time.sleep(seconds)
    valkey.start()


def _freeze(served: Served, seconds: float) -> None:
    pid = served.valkey()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
