"""Why a run is where it is: one line for people, for lists and for the head of its page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from runs.engine import path as paths
from runs.engine.journal import Kind, Status
from runs.models import StepSnapshot
from runs.models.fields import from_ms, loads
from runs.store import rows
from runs.worker import assignees

#: The statuses of entries that say why a run has its status.
_TELLING: dict[str, tuple[Status, ...]] = {
    Status.RUNNING: (Status.RUNNING, Status.RESUMED),
    Status.WAITING: (Status.WAITING, Status.PENDING),
    Status.SUSPENDED: (Status.SUSPENDED,),
    Status.FAILED: (Status.FAILED,),
    Status.TRIPWIRE: (Status.FAILED,),
}
#: Steps named in one line, and characters of it, at most.
NAMED, LONGEST = 3, 200


@dataclass(frozen=True, slots=True)
class Because:
    """``step`` is the path of the entry it is about; ``until`` is known of timers."""

    text: str = ""
    step: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class _Entry(NamedTuple):
    run_pk: int
    path: str
    kind: str
    begun: int
    tries: int
    started_at: int | None
    ended_at: int | None
    suspended_at: int | None
    wake_at: int | None
    extra: str | None


_COLUMNS = ", ".join(
    f's."{name}"' for name in ("run_id" if n == "run_pk" else n for n in _Entry._fields)
)
_OPEN = f"""
    SELECT {_COLUMNS} FROM want CROSS JOIN "{StepSnapshot._meta.db_table}" s
    WHERE s.run_id = want.run_id AND s.attempt = want.attempt AND s.status = want.status
      AND s.path <> '' AND s.kind <> '{Kind.DECISION.value}'
"""


class Standing(Protocol):
    """What has to be known of a run; a ``Run`` knows it."""

    @property
    def pk(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def lease_owner(self) -> str: ...
    @property
    def error_message(self) -> str: ...
    @property
    def updated_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...


def because_of(runs: Iterable[Standing]) -> dict[int, Because]:
    """The line of each run, by its key; one query for a page of them."""
    listed = list(runs)
    wants = [
        (run.pk, run.attempt, status.value)
        for run in listed
        for status in _TELLING.get(run.status, ())
    ]
    found: dict[int, list[_Entry]] = defaultdict(list)
    for row in rows.ask("run_id, attempt, status", wants, _OPEN):
        found[row[0]].append(_Entry(*row))
    return {run.pk: _because(run, _leaves(found[run.pk])) for run in listed}


def _leaves(entries: Sequence[_Entry]) -> list[_Entry]:
    """Without those that only hold another one of them, in the order in which they began."""
    holders = set()
    for entry in entries:
        at = entry.path
        while at := paths.above(at):
            holders.add(at)
    leaves = [entry for entry in entries if entry.path not in holders]
    return sorted(leaves, key=lambda entry: entry.begun)


def _because(run: Standing, leaves: Sequence[_Entry]) -> Because:
    match run.status:
        case Status.PENDING:
            return Because("not started")
        case Status.RUNNING:
            return _running(run, leaves)
        case Status.WAITING if leaves:
            first = min(leaves, key=lambda entry: entry.wake_at or 0)
            until = "to be tried again" if first.tries else "for a time to come"
            return _about(first, f"{_names([first])} waits {until}", first.started_at)
        case Status.SUSPENDED if leaves:
            since = min(entry.suspended_at or 0 for entry in leaves)
            return _about(leaves[0], _question(leaves), since)
        case Status.FAILED | Status.TRIPWIRE:
            return _failed(run, leaves)
        case Status.PAUSED:
            return Because("paused after one step")
    return Because()


def _running(run: Standing, leaves: Sequence[_Entry]) -> Because:
    if not run.lease_owner:
        return Because("waits for a worker", since=run.updated_at)
    if not leaves:
        return Because()
    first = leaves[0]
    tries = f", try {first.tries + 1}" if first.tries and len(leaves) == 1 else ""
    return _about(first, f"{_names(leaves)}{tries}", first.started_at)


def _question(leaves: Sequence[_Entry]) -> str:
    asked = {name for entry in leaves for name in _assignees(entry)}
    verb = "waits" if len(leaves) == 1 else "wait"
    whose = f" of {assignees.shown(sorted(asked))}" if asked else ""
    return f"{_names(leaves)} {verb} for an answer{whose}"


def _assignees(entry: _Entry) -> list[str]:
    return list((loads(entry.extra) or {}).get("assignees", ()))


def _failed(run: Standing, leaves: Sequence[_Entry]) -> Because:
    said = run.error_message.partition("\n")[0]
    if not leaves:
        return Because(_short(said), since=run.ended_at)
    last = max(leaves, key=lambda entry: entry.ended_at or 0)
    return _about(last, f"{paths.dotted(last.path)}: {said}", last.ended_at)


def _about(entry: _Entry, text: str, since: int | None) -> Because:
    return Because(_short(text), entry.path, from_ms(since), from_ms(entry.wake_at))


def _names(leaves: Sequence[_Entry]) -> str:
    names = list(dict.fromkeys(paths.dotted(entry.path) for entry in leaves))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
