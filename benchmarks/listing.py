"""How long a page of runs and their total take with a million runs in the table.

    python -m benchmarks.listing [sqlite|postgres] [RUNS] [WORKFLOWS]

With one workflow nothing narrows the search: the worst case. Measured is the time at the database:
the statements of one request, the best of a few.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.postgres import server_in

ROUNDS = 5
PAGE = 20
#: When the oldest run was made; one follows each second.
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    workflows = int(sys.argv[3]) if len(sys.argv) > 3 else 15
    with tempfile.TemporaryDirectory(prefix="runs-listing-") as folder:
        if kind == "postgres":
            with server_in(Path(folder)) as server:
                report(kind, count, workflows, folder, server.new_database("listing"))
        else:
            report(kind, count, workflows, folder, "")


def report(kind: str, count: int, workflows: int, folder: str, url: str) -> None:
    set_up(folder, url)
    fill(kind, count, workflows)
    print(
        f"{kind}, {count:,} runs of {workflows} workflows; "
        "milliseconds at the database: total, page"
    )
    for name, filters in requests(count, count // workflows).items():
        total, page = measure(filters)
        print(f"  {name:<28} {total:8.1f} {page:8.1f}", flush=True)


def set_up(folder: str, url: str) -> None:
    import django

    os.environ |= {"RUNS_DATA": folder, "DJANGO_SETTINGS_MODULE": "project.settings"}
    if url:
        os.environ["DATABASE_URL"] = url
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def fill(kind: str, count: int, workflows: int) -> None:
    """Insert the runs by one statement: every tenth failed, one in a thousand is suspended."""
    from django.db import connection

    from runs.models import Run, Workflow

    Run.objects.all().delete()
    for number in range(workflows):
        Workflow.objects.get_or_create(id=name_of(number))
    series, moment = {
        "sqlite": (
            "(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s "
            f"WHERE n < {count - 1}) SELECT n FROM s)",
            "strftime('%Y-%m-%d %H:%M:%f000', '2026-01-01', '+' || n || ' seconds')",
        ),
        "postgres": (
            f"generate_series(0, {count - 1}) AS s(n)",
            "timestamptz '2026-01-01 00:00:00+00' + n * interval '1 second'",
        ),
    }[kind]
    status = (
        f"CASE WHEN n / {workflows} % 1000 = 0 THEN 'suspended' "
        f"WHEN n / {workflows} % 10 = 1 THEN 'failed' ELSE 'success' END"
    )
    columns = {
        "workflow_id": f"CASE n % {workflows} WHEN 0 THEN '{name_of(0)}' "
        f"ELSE 'workflow-' || (n % {workflows}) END",
        "run_id": "'run-' || n",
        "resource_id": f"'tenant-' || (n / {workflows} % 100)",
        "status": status,
        "attempt": "1",
        "error_message": "''",
        "lease_owner": "''",
        "fence": "1",
        "recoveries": "0",
        "priority": "0",
        "created_at": moment,
        "updated_at": moment,
    }
    names = ", ".join(columns)
    values = ", ".join(columns.values())
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO "runs_run" ({names}) SELECT {values} FROM {series}')
        cursor.execute("ANALYZE" if kind == "sqlite" else "VACUUM ANALYZE runs_run")


def name_of(number: int) -> str:
    return "greet-customer" if number == 0 else f"workflow-{number}"


def requests(count: int, of_one: int) -> dict[str, dict[str, Any]]:
    middle = FIRST + timedelta(seconds=count // 2)
    return {
        "newest": {},
        "page 100": {"page": 100},
        "page 1000": {"page": 1000},
        "the page in the middle": {"page": of_one // 2 // PAGE},
        "the last page": {"page": of_one // PAGE - 1},
        "failed": {"status": "failed"},
        "failed, the last page": {"status": "failed", "page": of_one // 10 // PAGE - 1},
        "success": {"status": "success"},
        "suspended": {"status": "suspended"},
        "of a resource": {"resource_id": "tenant-7"},
        "of a resource, failed": {"resource_id": "tenant-7", "status": "failed"},
        "of a resource, page 400": {
            "resource_id": "tenant-7",
            "page": of_one // 100 // PAGE * 4 // 5,
        },
        "of a day": {"from_date": middle, "to_date": middle + timedelta(days=1)},
        "older than half, far page": {"to_date": middle, "page": of_one // 4 // PAGE},
        "success, newer than half": {"from_date": middle, "status": "success"},
    }


def measure(filters: dict[str, Any]) -> tuple[float, float]:
    """Milliseconds for counting, and for all else that one request asks the database."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from runs import get_workflow, operations

    workflow = get_workflow("greet-customer")
    found: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        with CaptureQueriesContext(connection) as captured:
            timer = Timer()
            with connection.execute_wrapper(timer):
                operations.list_workflow_runs(workflow, per_page=PAGE, **filters)
        assert len(captured) <= 12
        found.append((timer.counting, timer.rest))
    return min(found, key=sum)


class Timer:
    def __init__(self) -> None:
        self.counting = self.rest = 0.0

    def __call__(self, execute: Any, sql: str, *others: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, *others)
        finally:
            took = (time.perf_counter() - began) * 1000
            if "COUNT(" in sql or "SELECT SUM(" in sql:
                self.counting += took
            else:
                self.rest += took


if __name__ == "__main__":
    main()
