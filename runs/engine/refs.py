"""References: finding the value an entry does not store itself (grammar in ``journal``)."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any, Final, Literal

from runs.engine import path as paths
from runs.engine.journal import Entry

Json = Any
Find = Callable[[str], Entry | None]
Half = Literal["input", "output"]
#: One half of the entry at a path.
Need = tuple[str, Half]
HALVES: Final[tuple[Half, ...]] = ("input", "output")


def hydrate(entries: Mapping[str, Entry], only: Container[Need] | None = None) -> None:
    """Fill in the referenced inputs and outputs of a whole journal, in place.

    A value is always put out before it is referred to, so in the order of the journal's numbers
    one look at each reference is enough. ``only`` leaves out all other halves of entries.
    """
    moments: list[tuple[int, Half, Entry]] = []
    for path, entry in entries.items():
        if entry.input_ref and (only is None or (path, "input") in only):
            moments.append((entry.begun, "input", entry))
        if entry.output_ref and (only is None or (path, "output") in only):
            moments.append((entry.ended, "output", entry))
    moments.sort(key=lambda moment: moment[0])
    for _, half, entry in moments:
        if half == "input":
            entry.input = value_of(entry.input_ref, entries.get)
        else:
            entry.output = value_of(entry.output_ref, entries.get)


def value_of(ref: str | None, find: Find) -> Json:
    """The value a reference names; ``find`` gives an entry whose own values are filled in."""
    kind, _, rest = (ref or "").partition(":")
    if kind == "in":
        entry = find(rest)
        return entry.input if entry else None
    if kind == "out":
        entry = find(rest)
        return entry.output if entry else None
    if kind == "item":
        index, _, path = rest.partition(":")
        entry = find(path)
        return entry.input[int(index)] if entry else None
    if kind == "arms":
        arms = [find(path) for path in rest.split("|") if path]
        return {arm.step_id: arm.output for arm in arms if arm is not None}
    if kind == "list":
        count, _, path = rest.partition(":")
        items = (find(paths.item(path, index)) for index in range(int(count)))
        return [None if item is None else item.output for item in items]
    raise ValueError(f"unknown reference {ref!r}")


def targets(ref: str | None) -> Iterable[str]:
    """The paths a reference needs."""
    kind, _, rest = (ref or "").partition(":")
    if kind in ("in", "out"):
        return (rest,)
    if kind == "item":
        return (rest.partition(":")[2],)
    if kind == "arms":
        return [path for path in rest.split("|") if path]
    if kind == "list":
        count, _, path = rest.partition(":")
        return [paths.item(path, index) for index in range(int(count))]
    return ()


def needs(ref: str | None) -> Iterator[Need]:
    """The halves of entries that a reference needs."""
    half: Half = "input" if (ref or "").startswith(("in:", "item:")) else "output"
    for path in targets(ref):
        yield path, half
