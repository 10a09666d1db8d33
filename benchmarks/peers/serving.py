"""The peer's end of the line: read requests, do the work, answer. Standard library only."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from time import perf_counter
from typing import Any

Workload = Callable[..., dict[str, Any]]


def serve(workloads: dict[str, Workload]) -> None:
    """Answer requests until standard input ends."""
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps({"ready": sorted(workloads)}), file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(_answered(workloads, request)), file=answers)


def _answered(workloads: dict[str, Workload], request: dict[str, Any]) -> dict[str, Any]:
    workload = workloads.get(request["workload"])
    if workload is None:
        return {"unsupported": True}
    try:
        return workload(**request["params"])
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def one_after_another(count: int, work: Callable[[int], object], each: int = 1) -> dict[str, Any]:
    """Do ``work`` so often; it counts ``each`` time as so many."""
    samples = []
    began = perf_counter()
    for number in range(count):
        start = perf_counter()
        work(number)
        samples.append((perf_counter() - start) * 1e3)
    return {"count": count * each, "seconds": perf_counter() - began, "samples_ms": samples}


def rows(kilobytes: int) -> list[dict[str, Any]]:
    """JSON of about so many thousand bytes, such as an API returns; it compresses as that does."""
    found: list[dict[str, Any]] = []
    seed, size = 12345, 2
    while size < kilobytes * 1000:
        seed = (seed * 1103515245 + 12345) % 2**31
        row = {
            "id": len(found),
            "name": f"customer {seed}",
            "email": f"c{seed % 99991}@example.org",
            "total": seed % 100_000 / 100,
            "key": f"{seed * 2654435761 % 2**64:016x}{seed * 40503 % 2**64:016x}",
        }
        found.append(row)
        size += len(json.dumps(row, separators=(",", ":"))) + 1
    return found
