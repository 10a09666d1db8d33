"""SIGKILL at random moments, of whatever belongs to the site, while a thousand runs go on."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress

import psutil

from tests.acceptance.serving import Served, until
from tests.drills.site import Site, site, wait_until_finished
from tests.drills.verdict import Verdict, balance

#: Wait between two strikes: long enough that runs are being driven again at most of them.
PAUSE_SECONDS = (0.2, 1.5)
MOST_AT_ONCE = 3
#: For how long no run need end while others are being killed and started again.
PATIENCE_SECONDS = 120.0


class Killer:
    """Kills processes of a served site, and starts the site again when it was the supervisor."""

    def __init__(self, place: Site, rng: random.Random) -> None:
        self.site = place
        self.kills: Counter[str] = Counter()
        self._rng = rng
        self.served: Served = place.serve()

    def strike(self) -> None:
        """Kill one to three processes at once."""
        victims = self._victims()
        count = min(len(victims), self._rng.randint(1, MOST_AT_ONCE))
        for pid, kind in self._rng.sample(victims, count):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.kills[kind] += 1
            if kind == "supervisor":
                self._start_again()

    def _start_again(self) -> None:
        self.served.process.wait()
        self.served.everything_goes()
        self.served = self.site.serve()

    def _victims(self) -> list[tuple[int, str]]:
        """All processes of the site; the supervisor is one of many, so seldom hit."""
        found = []
        for pid, command in self.served.processes().items():
            found.append((pid, self._kind(pid, " ".join(command))))
        return sorted(found)

    def _kind(self, pid: int, command: str) -> str:
        if pid == self.served.process.pid:
            return "supervisor"
        for word, kind in (("valkey", "Valkey"), ("daphne", "web server")):
            if word in command:
                return kind
        if pid in self.served.workers():
            return "worker"
        with suppress(psutil.Error):
            if psutil.Process(pid).ppid() == self.served.process.pid:
                return "cluster"
        return "pusher or monitor"


def drill(*, database: str, runs: int, kills: int, seed: int) -> Verdict:
    """Start the runs bit by bit while killing; then let the rest finish in peace."""
    rng = random.Random(seed)
    verdict = Verdict()
    began = time.monotonic()
    with site(database) as place:
        killer = Killer(place, rng)
        try:
            killer.served.becomes_healthy()
            run_ids = _start_while_killing(killer, runs, kills, rng)
            wait_until_finished(killer.served, len(run_ids), PATIENCE_SECONDS)
            balance(verdict, run_ids, place.effects)
            left = _end(killer.served)
        finally:
            killer.served.clean_up()
    verdict.figures |= {
        "kills": f"{killer.kills.total()} {dict(killer.kills)}",
        "processes left over at the end": len(left),
        "seconds": round(time.monotonic() - began),
    }
    verdict.expect(not left, f"left over: {left}")
    verdict.expect(killer.kills.total() >= kills, "fewer kills than asked for")
    return verdict


def _start_while_killing(killer: Killer, runs: int, kills: int, rng: random.Random) -> list[str]:
    """Spread the starts over the strikes, so that each finds runs in every phase."""
    run_ids: list[str] = []
    strikes = max(1, kills // 2)
    while len(run_ids) < runs or killer.kills.total() < kills:
        batch = min(runs - len(run_ids), -(-runs // strikes))
        run_ids += [_start(f"run-{len(run_ids) + number}") for number in range(batch)]
        # Now and then it is hit while it starts.
        until(lambda: killer.served.workers() or rng.random() < 0.02, "workers")
        time.sleep(rng.uniform(*PAUSE_SECONDS))
        if killer.kills.total() < kills:
            killer.strike()
    return run_ids


def _start(run_id: str) -> str:
    from tests.drills.app.workflows import ten_steps

    ten_steps.create_run(run_id=run_id).start_async()
    return run_id


def _end(served: Served) -> dict[int, list[str]]:
    served.press_ctrl_c()
    _, left = served.ends()
    return left
