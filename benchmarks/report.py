"""Results as a table for people, and as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import Any

from benchmarks.peers.line import Peer
from benchmarks.rounds import Result

#: The peer that the others are compared with.
REFERENCE = "mastra"


def as_table(results: Sequence[Result]) -> str:
    """The results of one case."""
    case = results[0].case
    reference = next((one for one in results if one.peer == REFERENCE), None)
    names = list(dict.fromkeys(name for one in results for name in one.figures))
    columns = f"{'':26}" + "".join(f"{name:>13}" for name in names)
    lines = [
        f"{case.id}: {case.title}",
        columns + ("" if reference is None else f"{'x ' + REFERENCE:>11}"),
        *(_line(result, names, reference) for result in results),
    ]
    return "\n".join([*lines, ""])


def _line(result: Result, names: list[str], reference: Result | None) -> str:
    if result.missing is not None:
        return f"{result.peer:26}  {result.missing.splitlines()[0]}"
    cells = [_number(result.figures.get(name)) for name in names]
    ratio = None if reference is None else result.times_better_than(reference)
    return f"{result.peer:26}" + "".join(f"{cell:>13}" for cell in cells) + f"{_number(ratio):>11}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def as_json(
    results: Sequence[Result], absent: Sequence[Peer], size: str, rounds: int
) -> dict[str, Any]:
    return {
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "processors": os.cpu_count(),
        },
        "size": size,
        "rounds": rounds,
        "absent": {peer.name: peer.absent for peer in absent},
        "results": [_result(result, results) for result in results],
    }


def _result(result: Result, all_results: Sequence[Result]) -> dict[str, Any]:
    reference = next(
        (one for one in all_results if one.case is result.case and one.peer == REFERENCE), None
    )
    return {
        "case": result.case.id,
        "peer": result.peer,
        "store": result.store,
        "figures": result.figures,
        "rounds": result.rounds,
        "missing": result.missing,
        f"times_{REFERENCE}": None if reference is None else result.times_better_than(reference),
    }
