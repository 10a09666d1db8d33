"""Runs that keep a site busy while something happens to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.acceptance.serving import Served
from tests.drills.site import Site, wait_until_finished
from tests.drills.verdict import Verdict, balance

#: After an outage: leases that ran out, restarts that were put off, and the work itself.
PATIENCE_SECONDS = 90.0


class Load:
    """Starts runs of ``ten-steps`` at an even pace, from a thread, whatever the site says.

    A start that raises was not acknowledged: it is tried again under the same id, as a client
    would, and so is one whose run turns out to be there already.
    """

    def __init__(self, runs: int, seconds: float) -> None:
        self.run_ids = [f"run-{number}" for number in range(runs)]
        self.refused = 0
        self.longest_seconds = 0.0
        self._pause = seconds / runs
        self._thread = threading.Thread(target=self._start_all)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _start_all(self) -> None:
        for run_id in self.run_ids:
            while not self._start(run_id):
                time.sleep(0.5)  # what a client waits before it tries again
            time.sleep(self._pause)

    def _start(self, run_id: str) -> bool:
        from django.db import Error, connection

        began = time.monotonic()
        try:
            start(run_id)
        except Error:
            self.refused += 1
            connection.close()
            return False
        finally:
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
        return True


def start(run_id: str) -> None:
    """Start a run in the background, unless an earlier try of this call already has."""
    from runs.exceptions import RunAlreadyStarted
    from tests.drills.app.workflows import ten_steps

    run = ten_steps.create_run(run_id=run_id)
    try:
        run.start_async()
    except RunAlreadyStarted:
        return


@contextmanager
def served(place: Site) -> Iterator[Served]:
    site = place.serve()
    try:
        site.becomes_healthy()
        yield site
    finally:
        site.clean_up()


def leftover(site: Served) -> dict[int, list[str]]:
    """What is still there when the site has ended, but for the database that it was given."""
    _, left = site.ends()
    return {pid: command for pid, command in left.items() if "postgres" not in command[0]}


def through(place: Site, outage: Callable[[Served], None], *, runs: int, seconds: float) -> Verdict:
    """Keep a served site busy before, during and after an outage; then balance the books."""
    verdict = Verdict()
    with served(place) as site:
        with Load(runs, seconds) as load:
            time.sleep(seconds / 4)
            outage(site)
        wait_until_finished(site, runs, PATIENCE_SECONDS)
        balance(verdict, load.run_ids, place.effects)
        site.press_ctrl_c()
        left = leftover(site)
    verdict.figures |= {
        "starts refused and tried again": load.refused,
        "longest time that a start took, seconds": round(load.longest_seconds, 1),
        "processes left over at the end": len(left),
    }
    verdict.expect(not left, f"left over: {left}")
    return verdict
