"""The journal: what is known of one attempt of a run, keyed by path.

An :class:`Entry` is the record of one path. Entries are only ever added or moved forward; a
settled entry (success, failed, bailed) stays as it is for the rest of its attempt. The root
workflow has an entry too, at path ``""``: its input is the run's input, its output the result.

Values are stored once. An entry's ``input`` is what an earlier entry put out, so beside the value
(kept in memory only) stands a *reference* to where it is stored; the same for the output of a
workflow (that of its last entry) or a foreach (its items'). ``None`` as a reference means: the
value is this entry's own. References:

    ``in:PATH``       the input of the entry at PATH
    ``out:PATH``      its output
    ``item:I:PATH``   item I of its input
    ``arms:P|Q``      an object of the outputs of P and Q by step id; those without output left out
    ``list:N:PATH``   the list of the outputs of PATH[0] to PATH[N-1]

Every change is also noted in ``changed`` and ``events``, from where the store takes what one
transaction has to write.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runs.engine import path as paths
from runs.engine.events import Event, of_chunk

Json = Any


class Status(StrEnum):
    """Statuses of entries and of runs, as Mastra spells them; RESUMED is shown as running."""

    PENDING = "pending"
    RUNNING = "running"
    RESUMED = "resumed"
    WAITING = "waiting"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    SUCCESS = "success"
    FAILED = "failed"
    TRIPWIRE = "tripwire"
    BAILED = "bailed"
    CANCELED = "canceled"
    SKIPPED = "skipped"


class Kind(StrEnum):
    """What an entry is the record of."""

    STEP = "step"
    WORKFLOW = "workflow"
    FOREACH = "foreach"
    WAIT = "wait"
    DECISION = "decision"


#: Statuses of an entry after which nothing about it changes in its attempt.
SETTLED = frozenset({Status.SUCCESS, Status.FAILED, Status.BAILED, Status.SKIPPED})
#: Statuses of an entry whose body, or something in it, is being executed or about to be.
GOING = frozenset({Status.PENDING, Status.RUNNING, Status.RESUMED})
#: Statuses of a run that are final: a new attempt may follow, but never an overwrite.
FINAL = frozenset({Status.SUCCESS, Status.FAILED, Status.TRIPWIRE, Status.CANCELED})
#: Statuses of a run that somebody is working on, or will as soon as its time has come.
ACTIVE = frozenset({Status.RUNNING, Status.WAITING})


#: How many failed tries an entry remembers.
TRIES_KEPT = 20


@dataclass(slots=True)
class Entry:
    """The record of one path. Times are milliseconds since the epoch."""

    path: str
    step_id: str
    kind: Kind
    status: Status
    position: tuple[int, ...] = ()
    input: Json = None
    input_ref: str | None = None
    output: Json = None
    output_ref: str | None = None
    error: dict[str, Json] | None = None
    tripwire: dict[str, Json] | None = None
    non_retryable: bool = False
    started_at: int | None = None
    ended_at: int | None = None
    suspend_payload: Json = None
    suspend_output: Json = None
    suspended_at: int | None = None
    resume_payload: Json = None
    resumed_at: int | None = None
    #: Whether its body is to be given ``resume_payload`` (older resumes of its id stay visible).
    resuming: bool = False
    labels: tuple[str, ...] = ()
    #: Who may answer its suspension: ``user:NAME``, ``group:NAME``, ``permission:APP.CODENAME``.
    assignees: tuple[str, ...] = ()
    #: Its failed tries, the last TRIES_KEPT of them: ``{endedAt, error, wakeAt?}``.
    tried: tuple[dict[str, Json], ...] = ()
    metadata: dict[str, Json] | None = None
    iteration: int | None = None
    tries: int = 0
    wake_at: int | None = None
    state: dict[str, Json] | None = None
    #: The keys of ``state`` that were set inside this workflow, in this try.
    patched: tuple[str, ...] = ()
    begun: int = 0
    ended: int = 0
    starts: int = 1
    kept_from: int | None = None
    #: Of the root: ids executed in earlier attempts, which Mastra's stepExecutionPath lists too.
    path_before: tuple[str, ...] = ()
    #: A nested workflow that was canceled; the step it is succeeded, without output.
    was_canceled: bool = False
    #: Counts as done in this attempt, whatever its status: it lies before where that began.
    taken: bool = False

    @property
    def is_item(self) -> bool:
        """Whether this is one item of a foreach: shown only as part of the foreach."""
        return self.path.endswith("]")


@dataclass(slots=True)
class Execution:
    """One call that made the run go: its kind decides about retries and callbacks."""

    kind: str = "start"
    number: int = 0
    per_step: bool = False
    #: The journal's order number when it began; what ended later was done by it.
    since: int = 0

    @property
    def steps_once(self) -> bool:
        """Whether one entry is all it may execute; a restart goes on to the end."""
        return self.per_step and self.kind != "restart"


@dataclass(slots=True)
class Journal:
    """All entries of one attempt, and what belongs to the run as a whole."""

    workflow_id: str
    run_id: str
    resource_id: str | None = None
    attempt: int = 1
    status: Status = Status.PENDING
    canceled: bool = False
    request_context: dict[str, Json] = field(default_factory=dict)
    execution: Execution = field(default_factory=Execution)
    entries: dict[str, Entry] = field(default_factory=dict)
    order: int = 0
    changed: dict[str, Entry] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    latest: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry], **run: Any) -> Journal:
        """A journal of stored entries, in the order in which they began."""
        journal = cls(**run)
        for entry in sorted(entries, key=lambda entry: entry.begun):
            journal._index(entry)
        return journal

    @property
    def root(self) -> Entry:
        return self.entries[paths.ROOT]

    def get(self, path: str) -> Entry | None:
        return self.entries.get(path)

    def add(self, entry: Entry) -> Entry:
        """Take a new entry up, numbering it as the latest that began."""
        entry.begun = self.next_order()
        self._index(entry)
        self.changed[entry.path] = entry
        return entry

    def take(self, entry: Entry) -> Entry:
        """Take an entry over from an older attempt, with the numbers it had there."""
        self._index(entry)
        self.changed[entry.path] = entry
        return entry

    def touch(self, entry: Entry) -> None:
        """Note that an entry changed and must be written."""
        self.changed[entry.path] = entry

    def next_order(self) -> int:
        self.order += 1
        return self.order

    def latest_of(self, scope: str, step_id: str) -> Entry | None:
        """The entry of a step id in a workflow that began last: the one Mastra would show."""
        path = self.latest.get((scope, step_id))
        return None if path is None else self.entries[path]

    def emit(self, type_: str, path: str, at: int, own: dict[str, Json] | None = None) -> None:
        type_, own = of_chunk(type_, own or {}, starts=self.execution.kind == "start")
        self.events.append(Event(type=type_, path=path, attempt=self.attempt, at=at, own=own))

    def take_changes(self) -> tuple[list[Entry], list[Event]]:
        """Hand over, and forget, what has to be written next."""
        changes = list(self.changed.values()), self.events
        self.changed, self.events = {}, []
        return changes

    def _index(self, entry: Entry) -> None:
        self.entries[entry.path] = entry
        self.order = max(self.order, entry.begun, entry.ended)
        if entry.kind is not Kind.DECISION and not entry.is_item and entry.path != paths.ROOT:
            self.latest[paths.parent(entry.path), entry.step_id] = entry.path
