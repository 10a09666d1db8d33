"""Reading single entries of journals, of any number of runs at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from runs.engine import refs
from runs.engine.journal import Entry
from runs.engine.refs import HALVES, Need
from runs.models import StepSnapshot
from runs.store import rows

#: A run's key and the number of an attempt of it.
Key = tuple[int, int]

_SNAPSHOT_COLUMNS = ", ".join(f's."{column}"' for column in rows.SNAPSHOT_COLUMNS)
_ENTRIES = f"""
    SELECT {_SNAPSHOT_COLUMNS} FROM want CROSS JOIN "{StepSnapshot._meta.db_table}" s
    WHERE s.run_id = want.run_id AND s.attempt = want.attempt AND s.path = want.path
"""


def load(wanted: Mapping[Key, Iterable[str]]) -> dict[Key, dict[str, Entry]]:
    """Entries by run and attempt and path, with their values filled in.

    Of what these refer to only the half that is meant is followed further: the input of a step is
    the output of the one before it, whose own input is of no interest. Else the last step of a
    long run would load all of them.
    """
    found: dict[Key, dict[str, Entry]] = defaultdict(dict)
    asked: dict[Key, set[Need]] = defaultdict(set)
    needs = {key: set(product(names, HALVES)) for key, names in wanted.items()}
    while needs:
        fresh = _entries({key: _unknown(ours, found[key]) for key, ours in needs.items()})
        fill_kept(fresh)
        further: dict[Key, set[Need]] = {}
        for key, ours in needs.items():
            found[key] |= fresh.get(key, {})
            asked[key] |= ours
            if more := set(_referred(found[key], ours)) - asked[key]:
                further[key] = more
        needs = further
    for key, entries in found.items():
        refs.hydrate(entries, asked[key])
    return found


def _unknown(needs: Iterable[Need], known: Mapping[str, Entry]) -> set[str]:
    return {path for path, _ in needs} - known.keys()


def _referred(entries: Mapping[str, Entry], needs: Iterable[Need]) -> Iterator[Need]:
    for path, half in needs:
        if entry := entries.get(path):
            yield from refs.needs(entry.input_ref if half == "input" else entry.output_ref)


def _entries(wanted: Mapping[Key, Iterable[str]]) -> dict[Key, dict[str, Entry]]:
    wants = [(*key, path) for key, names in wanted.items() for path in sorted(names)]
    found: dict[Key, dict[str, Entry]] = defaultdict(dict)
    for row in rows.ask("run_id, attempt, path", wants, _ENTRIES):
        entry = rows.to_entry(row)
        found[row[0], row[1]][entry.path] = entry
    return found


def fill_kept(fresh: Mapping[Key, Mapping[str, Entry]]) -> None:
    """Entries taken over from an earlier attempt have their values there."""
    kept = [
        (entry, (run_pk, entry.kept_from))
        for (run_pk, _), entries in fresh.items()
        for entry in entries.values()
        if entry.kept_from is not None
    ]
    if not kept:
        return
    wanted: dict[Key, set[str]] = defaultdict(set)
    for entry, origin in kept:
        wanted[origin].add(entry.path)
    origins = load(wanted)
    for entry, origin in kept:
        at = origins[origin][entry.path]
        entry.input, entry.output = at.input, at.output
