"""Differences told to people: where the two sides part, and what each of them has there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, zip_longest
from typing import Any

from .compare import Difference
from .expressions import canonical

#: How much is shown of one field unless everything is asked for.
_SHOWN_PARTINGS = 4
_SHOWN_CHARACTERS = 240


@dataclass(frozen=True, slots=True)
class Parting:
    """One place inside a field at which expected and got part. Absent is ``None``."""

    path: str
    expected: Any
    got: Any


def describe(difference: Difference, *, in_full: bool) -> list[str]:
    """Return lines that say where the field differs and what each side has there."""
    found = partings(difference.expected, difference.got, difference.field)
    shown = list(found) if in_full else list(islice(found, _SHOWN_PARTINGS))
    lines = []
    for parting in shown:
        lines.append(parting.path)
        lines.append(f"  expected {_show(parting.expected, in_full)}")
        lines.append(f"  got      {_show(parting.got, in_full)}")
    left = sum(1 for _ in found) if not in_full else 0
    return [*lines, f"{difference.field}: {left} more"] if left else lines


def partings(expected: Any, got: Any, path: str) -> Iterator[Parting]:
    """Find the smallest parts that differ, in document order."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in dict.fromkeys([*expected, *got]):
            # The one empty key there is: the main lane, as the reader of a case knows it.
            inner = f"{path}.{key or '(main lane)'}"
            yield from partings(expected.get(key), got.get(key), inner)
    elif isinstance(expected, list) and isinstance(got, list):
        yield from _partings_of_lists(expected, got, path)
    elif canonical(expected) != canonical(got):
        yield Parting(path, expected, got)


def _partings_of_lists(expected: list[Any], got: list[Any], path: str) -> Iterator[Parting]:
    wanted, found = [canonical(x) for x in expected], [canonical(x) for x in got]
    matcher = SequenceMatcher(None, wanted, found, autojunk=False)
    for tag, start, end, got_start, got_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = zip_longest(expected[start:end], got[got_start:got_end])
        for offset, (one, other) in enumerate(pairs):
            yield from partings(one, other, f"{path}[{start + offset}]")


def _show(value: Any, in_full: bool) -> str:
    if value is None:
        return "nothing"
    text = canonical(value)
    if in_full or len(text) <= _SHOWN_CHARACTERS:
        return text
    return f"{text[:_SHOWN_CHARACTERS]}... ({len(text)} characters)"
