"""What is measured: seven workloads, each the same work for every peer.

A step does next to nothing, so what is measured is what surrounds it. A peer gets a case's
``workload`` and ``params`` and answers with what it counted; the figures are made of that here,
in one place for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

SIZES = ("tiny", "small", "medium", "full")

#: What a peer says of one case: count, seconds, samples_ms, stored_bytes; cpu_seconds is added.
Answer = dict[str, Any]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table. ``params`` has one value for each of ``SIZES``."""

    id: str
    title: str
    workload: str
    params: dict[str, tuple[int, ...]]
    figures: Callable[[Answer, dict[str, int]], Figures]
    #: The figure that is compared, and whether more of it is better.
    main: str
    more_is_better: bool = True

    def params_at(self, size: str) -> dict[str, int]:
        return {name: values[SIZES.index(size)] for name, values in self.params.items()}


def _rate(answer: Answer) -> float:
    return float(answer["count"] / answer["seconds"])


def _cpu(answer: Answer) -> float:
    return float(answer["cpu_seconds"] / answer["count"] * 1e3)


def _stored(answer: Answer, count: float) -> Figures:
    known = answer.get("stored_bytes")
    return {} if known is None else {"bytes": known / count}


def _sequential(answer: Answer, params: dict[str, int]) -> Figures:
    return {
        "steps/s": _rate(answer),
        "run p50 ms": median(answer["samples_ms"]),
        "cpu ms/step": _cpu(answer),
    }


def _burst(answer: Answer, params: dict[str, int]) -> Figures:
    return {"runs/s": _rate(answer), "cpu ms/run": _cpu(answer)}


def _long(answer: Answer, params: dict[str, int]) -> Figures:
    return {"ms/step": 1e3 / _rate(answer)} | _stored(answer, answer["count"])


def _fan_out(answer: Answer, params: dict[str, int]) -> Figures:
    return {"items/s": _rate(answer), "cpu ms/item": _cpu(answer)}


def _suspend(answer: Answer, params: dict[str, int]) -> Figures:
    figures = {"trips/s": _rate(answer)}
    if "resume_seconds" in answer:
        figures["resumes/s"] = answer["count"] / answer["resume_seconds"]
    return figures


def _latency(answer: Answer, params: dict[str, int]) -> Figures:
    samples = answer["samples_ms"]
    return {"p50 ms": median(samples), "p99 ms": quantiles(samples, n=100)[98]}


def _payload(answer: Answer, params: dict[str, int]) -> Figures:
    payload_bytes = answer["count"] * params["kilobytes"] * 1000
    return {"steps/s": _rate(answer)} | _stored(answer, payload_bytes)


def _long_case(steps: int) -> Case:
    return Case(
        f"W3-{steps}",
        f"one run of {steps} steps, one after another",
        "long",
        {"steps": (min(steps, 20), steps, steps, steps)},
        _long,
        "ms/step",
        more_is_better=False,
    )


def _payload_case(kilobytes: int, runs: tuple[int, ...]) -> Case:
    return Case(
        f"W7-{kilobytes}k",
        f"ten steps that pass on {kilobytes} KB of JSON",
        "payload",
        {"runs": runs, "kilobytes": (kilobytes,) * 4},
        _payload,
        "steps/s",
    )


CASES = (
    Case(
        "W1",
        "ten steps, one run after another",
        "sequential",
        {"runs": (2, 30, 60, 150)},
        _sequential,
        "steps/s",
    ),
    Case(
        "W2",
        "runs of ten steps, all submitted at once",
        "burst",
        {"runs": (3, 100, 500, 500)},
        _burst,
        "runs/s",
    ),
    _long_case(100),
    _long_case(1000),
    _long_case(3000),
    Case(
        "W4",
        "foreach over items, ten at a time",
        "fan_out",
        {"items": (20, 300, 1000, 1000)},
        _fan_out,
        "items/s",
    ),
    Case(
        "W5",
        "runs that suspend and are resumed, one after another",
        "suspend",
        {"runs": (2, 30, 60, 100)},
        _suspend,
        "trips/s",
    ),
    Case(
        "W6",
        "from the end of a step to a subscriber",
        "latency",
        {"runs": (2, 20, 40, 100)},
        _latency,
        "p50 ms",
        more_is_better=False,
    ),
    _payload_case(100, (1, 5, 10, 20)),
    _payload_case(1000, (1, 1, 3, 5)),
)
#: Long at any size but full: left out of the smaller tables.
SLOW = {"small": {"W3-3000"}, "medium": set[str](), "full": set[str]()}


def cases_at(size: str, wanted: list[str]) -> list[Case]:
    """The cases of a size; ``wanted`` names some of them (``W3`` means all that begin so)."""
    found = [case for case in CASES if not wanted or case.id.split("-")[0] in wanted]
    return [case for case in found if wanted or case.id not in SLOW.get(size, set())]
