"""Rounds: every peer does a case once a round, within moments of the others.

The order turns around from round to round. The ratio of two peers is the median of the rounds' own
ratios: two figures taken together can be compared, those of different minutes cannot.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.peers.line import Line, Peer, PeerFailed
from benchmarks.workloads import Case, Figures

Say = Callable[[str], None]


@dataclass(slots=True)
class Result:
    """What one peer came to in one case, round by round."""

    case: Case
    peer: str
    store: str
    rounds: list[Figures] = field(default_factory=list)
    #: Why there are no figures.
    missing: str | None = None

    @property
    def figures(self) -> Figures:
        """The median of each figure."""
        names = self.rounds[0] if self.rounds else {}
        return {name: median(each[name] for each in self.rounds) for name in names}

    def times_better_than(self, other: Result) -> float | None:
        """How many times better the main figure is, round by round; None without figures."""
        name = self.case.main
        pairs = list(zip(self.rounds, other.rounds, strict=False))
        if not pairs:
            return None
        ratios = [mine[name] / theirs[name] for mine, theirs in pairs]
        if not self.case.more_is_better:
            ratios = [1 / ratio for ratio in ratios]
        return median(ratios)


def measure(
    cases: Sequence[Case], peers: Sequence[Peer], size: str, rounds: int, logs: Path, say: Say
) -> Iterator[list[Result]]:
    """The results of one case after another; who fails is left out of it, with the reason."""
    with ExitStack() as stack:
        lines = [line for peer in peers if (line := _started(peer, logs, stack, say))]
        for case in cases:
            say(f"{case.id}: {case.title}")
            yield _case(case, lines, size, rounds)


def _started(peer: Peer, logs: Path, stack: ExitStack, say: Say) -> Line | None:
    say(f"starting {peer.name}")
    try:
        line = Line(peer, logs / f"{peer.name.replace(' ', '-')}.log")
    except PeerFailed as failure:
        say(str(failure))
        return None
    stack.callback(line.close)
    return line


def _case(case: Case, lines: Sequence[Line], size: str, rounds: int) -> list[Result]:
    results = [Result(case, line.peer.name, line.peer.store) for line in lines]
    both = list(zip(lines, results, strict=True))
    for line, result in both:
        _ask(line, result, "tiny", counts=False)
    for number in range(rounds):
        for line, result in both if number % 2 == 0 else reversed(both):
            _ask(line, result, size)
    return results


def _ask(line: Line, result: Result, size: str, *, counts: bool = True) -> None:
    """One round of one peer; one that is not to count warms it up."""
    if result.missing is not None:
        return
    params = result.case.params_at(size)
    gc.collect()
    try:
        answer = line.ask(result.case.workload, params)
    except PeerFailed as failure:
        result.missing = str(failure)
        return
    if answer.get("unsupported"):
        result.missing = "has nothing like it"
    elif counts:
        result.rounds.append(result.case.figures(answer, params))
