"""The raw floors of a store: the same rows, written by nothing but its driver.

A step costs one INSERT and one UPDATE of another row in a transaction: the least that a durable
step with a status can. Arguments: ``sqlite FOLDER NORMAL|FULL`` or ``postgres URL``.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.peers import serving
from benchmarks.peers.serving import Workload, one_after_another

SCHEMA = (
    "CREATE TABLE run (id INTEGER PRIMARY KEY, status TEXT, at BIGINT)",
    "CREATE TABLE step (run INTEGER, path TEXT, status TEXT, output TEXT, PRIMARY KEY (run, path))",
)
BEGIN_RUN = "INSERT INTO run VALUES (?, 'running', 0)"
STEP = "INSERT INTO step VALUES (?, ?, 'success', ?)"
MOVE = "UPDATE run SET status = 'running', at = ? WHERE id = ?"
#: Both in one statement, where the store can.
STEP_AND_MOVE = (
    "WITH step AS (INSERT INTO step VALUES (%s, %s, 'success', %s)) "
    "UPDATE run SET status = 'running', at = %s WHERE id = %s"
)

Step = Callable[[int, str, str], None]
BeginRun = Callable[[int], None]


def sqlite(folder: str, synchronous: str) -> tuple[BeginRun, Step]:
    connection = sqlite3.connect(Path(folder) / "floor.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    for statement in SCHEMA:
        connection.execute(statement)

    def step(run: int, path: str, output: str) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(STEP, (run, path, output))
        connection.execute(MOVE, (run, run))
        connection.execute("COMMIT")

    return lambda run: _ignore(connection.execute(BEGIN_RUN, (run,))), step


def postgres(url: str) -> tuple[BeginRun, Step]:
    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    for statement in SCHEMA:
        connection.execute(statement)

    def step(run: int, path: str, output: str) -> None:
        connection.execute(STEP_AND_MOVE, (run, path, output, run, run))

    return lambda run: _ignore(connection.execute(BEGIN_RUN.replace("?", "%s"), (run,))), step


def _ignore(_: object) -> None:
    return None


def workloads(begin_run: BeginRun, step: Step) -> dict[str, Workload]:
    ids = count(1)

    def run(steps: int, output: str) -> None:
        begin_run(run_id := next(ids))
        for number in range(steps):
            step(run_id, f"s{number}", output)

    def sequential(runs: int) -> dict[str, Any]:
        return one_after_another(runs, lambda _: run(10, "1"), each=10)

    def long(steps: int) -> dict[str, Any]:
        return one_after_another(1, lambda _: run(steps, "1"), each=steps)

    def payload(runs: int, kilobytes: int) -> dict[str, Any]:
        import orjson

        given = {"number": 0, "rows": serving.rows(kilobytes)}

        def one(_: int) -> None:
            begin_run(run_id := next(ids))
            for number in range(10):
                step(run_id, f"s{number}", orjson.dumps(given).decode())

        return one_after_another(runs, one, each=10)

    return {"sequential": sequential, "long": long, "payload": payload}


if __name__ == "__main__":
    opened = {"sqlite": sqlite, "postgres": postgres}[sys.argv[1]](*sys.argv[2:])
    serving.serve(workloads(*opened))
