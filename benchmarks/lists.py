"""What lists of runs cost the server when there are a million: time and queries, on SQLite.

    python -m benchmarks.lists [--runs N] [--rounds N]

The runs are written as rows, over a month, most of them finished. Measured are requests through
Django's test client with all middleware; times are those of the processor. Exits with 1 if the list
of runs takes more than 100 ms (median) or 20 queries.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from tempfile import TemporaryDirectory

from benchmarks.inline_steps import prepare

BUDGET_MS, BUDGET_QUERIES = 100, 20
WORKFLOWS = 12
DAYS = 30

URLS = {
    "runs": "/runs/",
    "runs of a workflow": "/runs/?workflow=w3",
    "failed runs": "/runs/?status=failed",
    "suspended runs": "/runs/?status=suspended",
    "runs of a resource": "/runs/?resource=customer-17",
    "runs of the last day": "/runs/?since=1d",
    "inbox": "/inbox/",
    "workflows": "/",
}

#: One row a run, made by the database itself.
ROWS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {runs})
INSERT INTO runs_run ({columns})
SELECT {values} FROM n
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="What lists of a million runs cost the server.")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="runs-benchmark-") as folder:
        prepare(folder)
        make_runs(options.runs)
        return report(options.rounds)


def make_runs(runs: int) -> None:
    from django.db import connection

    from runs.models import Run, Workflow

    Workflow.objects.bulk_create(Workflow(id=f"w{number}") for number in range(WORKFLOWS))
    back = f"'-' || (i * {DAYS * 86_400} / {runs}) || ' seconds'"
    moment = f"strftime('%Y-%m-%d %H:%M:%f', 'now', {back})"
    told = {
        "workflow_id": f"'w' || (i % {WORKFLOWS})",
        "run_id": "printf('%08x-run', i * 2654435761 % 4294967296)",
        "resource_id": "'customer-' || (i * 7919 % 5000)",
        "status": "CASE WHEN i % 5000 = 7 THEN 'suspended' WHEN i % 50 = 3 THEN 'failed'"
        " WHEN i < 40 THEN 'running' ELSE 'success' END",
        **dict.fromkeys(("created_at", "updated_at", "started_at", "ended_at"), moment),
    }
    for field in Run._meta.concrete_fields:
        if field.column not in told and not field.null and not field.primary_key:
            default = field.get_db_prep_save(field.get_default(), connection)
            told[field.column or ""] = "''" if default in ("", None) else repr(default)
    columns = ", ".join(f'"{name}"' for name in told)
    with connection.cursor() as cursor:
        cursor.execute(ROWS.format(runs=runs, columns=columns, values=", ".join(told.values())))
        cursor.execute("ANALYZE")


def report(rounds: int) -> int:
    from benchmarks.pages import client_of_root, measure

    visitor, missed = client_of_root(), False
    print(f"{'':26}{'median ms':>10}{'worst ms':>10}{'queries':>9}{'kB':>8}")
    for title, url in URLS.items():
        times, queries, size = measure(visitor, url, rounds)
        median = statistics.median(times)
        over = title.startswith("runs") and (median > BUDGET_MS or queries > BUDGET_QUERIES)
        missed = missed or over
        row = f"{median:10.1f}{max(times):10.1f}{queries:9}{size / 1000:8.0f}"
        print(f"{title:26}{row}{'  over budget' if over else ''}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
