"""DBOS, as its documentation shows it: one row a step. Argument: the URL of its system database.

Runs in an environment of its own (``requirements-rivals.txt``), so it imports nothing of ours but
the other end of the line.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import serving
from dbos import DBOS, DBOSConfig
from serving import one_after_another


@DBOS.step()
def plus_one(value: int) -> int:
    return value + 1


@DBOS.step()
def pass_on(value: dict[str, Any]) -> dict[str, Any]:
    return {"number": value["number"] + 1, "rows": value["rows"]}


@DBOS.workflow()
def chain(steps: int) -> int:
    value = 0
    for _ in range(steps):
        value = plus_one(value)
    return value


@DBOS.workflow()
def passing(value: dict[str, Any]) -> int:
    for _ in range(10):
        value = pass_on(value)
    return int(value["number"])


@DBOS.workflow()
def approval() -> int:
    value = plus_one(0)
    DBOS.set_event("asked", True)
    answer = DBOS.recv("answers", timeout_seconds=60)
    return plus_one(value + answer - 1)


@DBOS.step()
async def item(value: int) -> int:
    return value + 1


@DBOS.workflow()
async def spread(items: list[int]) -> list[int]:
    found: list[int] = []
    for at in range(0, len(items), 10):
        found += await asyncio.gather(*(item(value) for value in items[at : at + 10]))
    return found


def sequential(runs: int) -> dict[str, Any]:
    return one_after_another(runs, lambda _: chain(10), each=10)


def burst(runs: int) -> dict[str, Any]:
    began = perf_counter()
    handles = [DBOS.start_workflow(chain, 10) for _ in range(runs)]
    assert all(handle.get_result() == 10 for handle in handles)
    return {"count": runs, "seconds": perf_counter() - began}


def long(steps: int) -> dict[str, Any]:
    return one_after_another(1, lambda _: chain(steps), each=steps)


def fan_out(items: int) -> dict[str, Any]:
    """Steps of one workflow, ten at once. (Its queues look for work once a second.)"""
    given = list(range(items))
    return one_after_another(1, lambda _: asyncio.run(spread(given)), each=items)


def suspend(runs: int) -> dict[str, Any]:
    """Its nearest: a workflow waits for a message; the waiting one stays in memory."""
    resuming = 0.0

    def trip(number: int) -> None:
        nonlocal resuming
        handle = DBOS.start_workflow(approval)
        DBOS.get_event(handle.workflow_id, "asked", timeout_seconds=60)
        began = perf_counter()
        DBOS.send(handle.workflow_id, 41, "answers")
        assert handle.get_result() == 42
        resuming += perf_counter() - began

    return one_after_another(runs, trip) | {"resume_seconds": resuming}


def payload(runs: int, kilobytes: int) -> dict[str, Any]:
    given = {"number": 0, "rows": serving.rows(kilobytes)}
    return one_after_another(runs, lambda _: passing(given), each=10)


WORKLOADS: dict[str, Callable[..., dict[str, Any]]] = {
    "sequential": sequential,
    "burst": burst,
    "long": long,
    "fan_out": fan_out,
    "suspend": suspend,
    "payload": payload,
}


if __name__ == "__main__":
    config: DBOSConfig = {"name": "bench", "system_database_url": sys.argv[1], "log_level": "ERROR"}
    DBOS(config=config)
    DBOS.launch()
    serving.serve(WORKLOADS)
    DBOS.destroy()
