"""How long after a client asked over HTTP does the first step of its run begin in a worker?

One server as ``manage.py serve`` starts it: daphne, two worker processes, Valkey. A client starts
runs by ``POST /api/workflows/signs/start-async``, one after another over one connection. Each step
puts out the moment at which its body ran, by a clock that all processes of a machine share.
Measured are the time from just before the request is sent until the body of the first step runs,
and until the answer with the outcome of all ten steps has come.

    python -m benchmarks.http_start [--runs 200] [--pause-ms 0] [--rounds 3] [--postgres] [--json]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

from benchmarks.postgres import server_in
from tests.acceptance.serving import Served

PATH = "/api/workflows/signs/start-async"
#: Starts before any is measured: processes import what they need with the first ones.
WARM_UP = 20
Figures = dict[str, float]


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Served]:
    served = Served(
        folder / "data",
        DJANGO_SETTINGS_MODULE="benchmarks.settings",
        RUNS_API_PUBLIC="1",
        PORT=os.environ.get("PORT", "0"),
        **environment,
    )
    try:
        served.becomes_healthy()
        yield served
    finally:
        served.clean_up()


def start(connection: http.client.HTTPConnection) -> tuple[float, float]:
    """Start one run; milliseconds until its first step, and until its outcome is here."""
    body = json.dumps({"inputData": 1})
    asked = time.monotonic_ns()
    connection.request("POST", PATH, body, {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    answered = time.monotonic_ns()
    assert answer["status"] == "success", answer
    return (answer["steps"]["s0"]["output"] - asked) / 1e6, (answered - asked) / 1e6


def measure(url: str, runs: int, pause: float) -> Figures:
    """One round."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc)) as connection:
        samples = []
        for _ in range(runs):
            time.sleep(pause)
            samples.append(start(connection))
    firsts, answers = zip(*samples, strict=True)
    return {
        "first_step_p50_ms": median(firsts),
        "first_step_p99_ms": quantiles(firsts, n=100)[98],
        "answer_p50_ms": median(answers),
        "answer_p99_ms": quantiles(answers, n=100)[98],
    }


def shown(figures: Figures) -> str:
    return (
        f"first step in a worker: p50 {figures['first_step_p50_ms']:6.1f} ms   "
        f"p99 {figures['first_step_p99_ms']:6.1f} ms\n"
        f"answer, after ten steps: p50 {figures['answer_p50_ms']:6.1f} ms   "
        f"p99 {figures['answer_p99_ms']:6.1f} ms"
    )


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="runs-bench-") as name, ExitStack() as stack:
        folder, environment = Path(name), {}
        if options.postgres:
            server = stack.enter_context(server_in(folder))
            environment["DATABASE_URL"] = server.new_database("http_start")
        served = stack.enter_context(serving(folder, **environment))
        measure(served.url, WARM_UP, 0)
        rounds = [
            measure(served.url, options.runs, options.pause_ms / 1e3) for _ in range(options.rounds)
        ]
    figures = {name: median(one[name] for one in rounds) for name in rounds[0]}
    print(json.dumps(figures, indent=2) if options.json else shown(figures))


def _options() -> Any:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200, help="starts in a round")
    parser.add_argument("--pause-ms", type=float, default=0, help="before each start")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", action="store_true", help="instead of SQLite")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
