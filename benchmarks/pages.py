"""What the pages of a run cost the server: time and queries, on a SQLite file made for it.

    python -m benchmarks.pages [--steps N] [--events N] [--rounds N]

Measured are requests through Django's test client with all middleware: the page of a run of
--steps steps, its live pieces, and a stretch out of the middle of a log of --events events. Times
are those of the processor, so what else the machine does is not in them. Exits with 1 if the page
of a run takes more than 300 ms (median) or 20 queries.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.inline_steps import prepare

if TYPE_CHECKING:
    from django.test import Client

BUDGET_MS, BUDGET_QUERIES = 300, 20


def main() -> int:
    parser = argparse.ArgumentParser(description="What the pages of a run cost the server.")
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="runs-benchmark-") as folder:
        prepare(folder)
        client = client_of_root()
        _make_runs(options.steps, options.events)
        return _report(client, options.rounds, options.events)


def client_of_root() -> Client:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser("root"))
    return client


def _make_runs(steps: int, events: int) -> None:
    from benchmarks.shapes import SHAPES
    from runs import create_step, create_workflow

    for shape in SHAPES:
        workflow = shape.workflow(steps).commit()
        workflow.create_run(run_id=shape.name).start(shape.input_data(steps))

    def talk(ctx: Any) -> None:
        for number in range(events):
            ctx.writer.write({"number": number})

    noisy = create_workflow("noisy").then(create_step("talk", execute=talk)).commit()
    noisy.create_run(run_id="noisy").start({})


def _report(client: Client, rounds: int, events: int) -> int:
    from runs.models import Run

    urls = {
        f"{run.run_id}: {title}": f"/runs/{run.workflow_id}/{run.run_id}/{path}"
        for run in Run.objects.exclude(run_id="noisy")
        for title, path in (("page", ""), ("live pieces", "live/"), ("events", "?tab=events"))
    }
    urls["log: a stretch in the middle"] = f"/runs/noisy/noisy/events/?start={events // 200 * 100}"
    urls["log: page"] = "/runs/noisy/noisy/?tab=events"
    print(f"{'':32}{'median ms':>10}{'worst ms':>10}{'queries':>9}{'kB':>8}")
    missed = False
    for title, url in urls.items():
        times, queries, size = measure(client, url, rounds)
        median = statistics.median(times)
        over = title.endswith("page") and (median > BUDGET_MS or queries > BUDGET_QUERIES)
        missed = missed or over
        mark = "  over budget" if over else ""
        row = f"{median:10.1f}{max(times):10.1f}{queries:9}{size / 1000:8.0f}"
        print(f"{title:32}{row}{mark}")
    return int(missed)


def measure(client: Client, url: str, rounds: int) -> tuple[list[float], int, int]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
        queries = len(captured)
    assert response.status_code == 200, (url, response.status_code)
    times = []
    for _ in range(rounds):
        began = time.process_time()
        client.get(url)
        times.append((time.process_time() - began) * 1000)
    return times, queries, len(response.content)


if __name__ == "__main__":
    sys.exit(main())
