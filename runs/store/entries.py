"""Reading single entries of journals, of any number of runs at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from runs.engine import refs
from runs.engine.journal import Entry
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
    """Entries by run and attempt and path, with what their values refer to, all filled in."""
    found: dict[Key, dict[str, Entry]] = defaultdict(dict)
    while wanted:
        fresh = _entries(wanted)
        fill_kept(fresh)
        named: dict[Key, set[str]] = {}
        for key, entries in fresh.items():
            found[key] |= entries
            ours = {path for entry in entries.values() for path in _referred(entry)}
            if missing := ours - found[key].keys():
                named[key] = missing
        wanted = named
    for entries in found.values():
        refs.hydrate(entries)
    return found


def _referred(entry: Entry) -> Iterator[str]:
    for ref in (entry.input_ref, entry.output_ref):
        yield from refs.targets(ref)


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
