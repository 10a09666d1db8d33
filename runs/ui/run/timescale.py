"""From moments to places on the time axis, with long idle times folded.

A run of three days with two seconds of work stays legible: a stretch in which nothing was done and
which would take most of the room gets a fixed, small part of it, and says how long it was.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

#: Milliseconds below which an idle stretch is never folded.
SHORTEST_FOLD = 2_000
#: An idle stretch is folded when it is this many times as long as all work together.
FOLD_FACTOR = 0.5
#: Part of the axis that a folded stretch gets.
FOLD_SHARE = 0.06
#: No more than this part of the axis is given to folds.
FOLDS_SHARE = 0.5
_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000
#: Round times, in milliseconds.
STEPS = (
    *(digit * power for power in (1, 10, 100) for digit in (1, 2, 5)),
    *(_SECOND * count for count in (1, 2, 5, 10, 20, 30)),
    *(_MINUTE * count for count in (1, 2, 5, 10, 20, 30)),
    *(_HOUR * count for count in (1, 2, 6, 12, 24, 48, 168)),
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time and where it lies on the axis (0 to 1)."""

    start: int
    end: int
    left: float
    right: float
    folded: bool

    def at(self, moment: int) -> float:
        length = self.end - self.start
        share = (moment - self.start) / length if length else 0.0
        return self.left + (self.right - self.left) * min(max(share, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Timescale:
    pieces: tuple[Piece, ...]

    @property
    def start(self) -> int:
        return self.pieces[0].start

    @property
    def end(self) -> int:
        return self.pieces[-1].end

    def at(self, moment: int) -> float:
        """Where a moment lies, from 0 to 1."""
        index = bisect_left(self.pieces, moment, key=lambda piece: piece.end)
        return self.pieces[index].at(moment) if index < len(self.pieces) else 1.0

    @property
    def folds(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.folded]

    @property
    def grows(self) -> float:
        """Part of the axis that the last stretch takes, if time goes on in it; 0 in a fold."""
        last = self.pieces[-1]
        return 0.0 if last.folded else last.right - last.left

    def ticks(self, count: int) -> list[tuple[float, int]]:
        """Places and moments for ``count`` labels at most: round times, none within a fold."""
        open_pieces = [piece for piece in self.pieces if not piece.folded]
        step = _round_step(sum(piece.end - piece.start for piece in open_pieces), count)
        found: list[tuple[float, int]] = []
        for piece in open_pieces:
            first = -(-(piece.start - self.start) // step) * step + self.start
            for moment in range(first, piece.end + 1, step):
                place = piece.at(moment)
                if not found or place - found[-1][0] >= 0.6 / count:
                    found.append((place, moment))
        return found


def _round_step(length: int, count: int) -> int:
    """The shortest round time of which at most ``count`` fit into a length."""
    least = max(-(-length // count), 1)
    return next((step for step in STEPS if step >= least), -(-least // STEPS[-1]) * STEPS[-1])


def timescale(work: Iterable[Span], start: int, end: int) -> Timescale:
    """The axis from ``start`` to ``end``; in ``work`` something was done."""
    end = max(end, start + 1)
    busy = _merged(work, start, end)
    stretches = _stretches(busy, start, end)
    worked = sum(b - a for a, b in busy)
    longest = max(SHORTEST_FOLD, worked * FOLD_FACTOR)
    folded = [idle and b - a > longest for a, b, idle in stretches]
    if all(folded):
        folded = [False] * len(folded)
    share = min(FOLD_SHARE, FOLDS_SHARE / max(sum(folded), 1))
    rest = 1.0 - share * sum(folded)
    open_length = sum(b - a for (a, b, _), fold in zip(stretches, folded, strict=True) if not fold)
    pieces, left = [], 0.0
    for (a, b, _), fold in zip(stretches, folded, strict=True):
        right = left + (share if fold else rest * (b - a) / max(open_length, 1))
        pieces.append(Piece(a, b, left, min(right, 1.0), fold))
        left = right
    return Timescale(tuple(pieces))


def _merged(work: Iterable[Span], start: int, end: int) -> list[Span]:
    merged: list[Span] = []
    for a, b in sorted((max(a, start), min(max(b, a + 1), end)) for a, b in work):
        if merged and a <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(b, merged[-1][1])
        elif b > a:
            merged.append((a, b))
    return merged


def _stretches(busy: list[Span], start: int, end: int) -> list[tuple[int, int, bool]]:
    """All of the time in order, each stretch with whether it was idle."""
    found, at = [], start
    for a, b in busy:
        if a > at:
            found.append((at, a, True))
        found.append((a, b, False))
        at = b
    if at < end or not found:
        found.append((at, end, True))
    return found
