"""Rounds of measurements, their medians, and whether the cost of a step stays flat.

One round goes up through the sizes and down again, shape by shape, so that whatever else the
machine does falls on all of them. The ratio is the median of the rounds' own ratios: two figures
taken within a moment of each other can be compared, those of different minutes cannot.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter

from benchmarks.shapes import SHAPES, Shape

SIZES = (100, 1_000, 10_000)
#: A step of the longest run may cost this much of one of the shortest.
FLAT = 1.5

#: Runs a shape with so many steps once, and answers with the seconds that took.
Measure = Callable[[Shape, int], float]


@dataclass(frozen=True, slots=True)
class Row:
    """What the steps of one shape cost: medians over all rounds."""

    shape: str
    microseconds_per_step: dict[int, float]
    #: What a step of the longest run costs, in steps of the shortest.
    ratio: float

    @property
    def is_flat(self) -> bool:
        return self.ratio <= FLAT


def measured(measure: Measure, rounds: int, repeats: dict[int, int]) -> list[Row]:
    """Measure all shapes at all sizes; ``repeats`` says how many runs one figure is made of."""
    for shape in SHAPES:
        measure(shape, SIZES[0])
    found: dict[str, list[dict[int, float]]] = {shape.name: [] for shape in SHAPES}
    for _ in range(rounds):
        for shape in SHAPES:
            found[shape.name].append(_round(shape, measure, repeats))
    return [_row(name, costs) for name, costs in found.items()]


def _round(shape: Shape, measure: Measure, repeats: dict[int, int]) -> dict[int, float]:
    """Microseconds per step by size."""
    costs: dict[int, list[float]] = {size: [] for size in SIZES}
    for size in (*SIZES, *SIZES[-2::-1]):
        gc.collect()
        costs[size] += [measure(shape, size) / size * 1e6 for _ in range(repeats[size])]
    return {size: median(each) for size, each in costs.items()}


def _row(name: str, costs: list[dict[int, float]]) -> Row:
    return Row(
        name,
        {size: round(median(cost[size] for cost in costs), 1) for size in SIZES},
        round(median(cost[SIZES[-1]] / cost[SIZES[0]] for cost in costs), 2),
    )


def timed(work: Callable[[], object], clock: Callable[[], float] = perf_counter) -> float:
    """The seconds ``work`` takes by a clock; that of the process does not count waiting."""
    began = clock()
    work()
    return clock() - began


def main(about: str, measure: Measure, rounds: int, repeats: dict[int, int]) -> int:
    """Measure, print, and answer with the exit code: 1 if a shape is not flat."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, default=rounds, help="rounds (default %(default)s)")
    arguments = parser.parse_args()
    rows = measured(measure, arguments.rounds, repeats)
    print(_as_json(rows) if arguments.json else _as_table(rows))
    return 0 if all(row.is_flat for row in rows) else 1


def _as_json(rows: Sequence[Row]) -> str:
    return json.dumps([asdict(row) | {"flat": row.is_flat} for row in rows])


def _as_table(rows: Sequence[Row]) -> str:
    heads = [f"{size:,} steps".replace(",", " ") for size in SIZES]
    lines = [f"{'µs per step':12}" + "".join(f"{head:>14}" for head in heads)]
    lines[0] += f"{'steps/s':>12}{'ratio':>8}"
    for row in rows:
        figures = "".join(f"{row.microseconds_per_step[size]:14.1f}" for size in SIZES)
        rate = 1e6 / row.microseconds_per_step[SIZES[-1]]
        verdict = "" if row.is_flat else f"  not flat (above {FLAT})"
        lines.append(f"{row.shape:12}{figures}{rate:12,.0f}{row.ratio:8.2f}{verdict}")
    return "\n".join(lines)
