"""What the interpreter asks for, and what it is told.

Commands are what a turn wants done by somebody who may call user code. Answers are what that
somebody reports back. Found values are what the interpreter's visit of a node came to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runs.definition.nodes import MapNode, StepNode
    from runs.definition.workflow import Workflow
    from runs.engine.journal import Entry

Json = Any


# --- commands --------------------------------------------------------------------------------


@dataclass(slots=True)
class Scope:
    """One run of one (root or nested) workflow, and how far it has come.

    A cache: everything in it can be found again by walking the journal from the root.
    """

    path: str
    workflow: Workflow
    entry: Entry
    index: int = 0
    value: Json = None
    ref: str | None = None
    validates: bool = True
    #: Inside a foreach: nothing of it is told in events.
    silent: bool = False
    #: By loop: the iteration it is in, with that iteration's input and where it is stored.
    loops: dict[str, tuple[int, Json, str | None]] = field(default_factory=dict)
    fans: dict[str, Fan] = field(default_factory=dict)


@dataclass(slots=True)
class Fan:
    """How far a foreach has come."""

    items: list[Json]
    concurrency: int
    todo: deque[int] = field(default_factory=deque)
    open: dict[int, None] = field(default_factory=dict)
    suspended: list[int] = field(default_factory=list)
    #: Items that failed or bailed.
    broken: list[Entry] = field(default_factory=list)
    #: Items that executed one of their entries, as asked (perStep).
    paused: list[Entry] = field(default_factory=list)
    done: int = 0
    #: An item did not succeed: no further one starts.
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Execute:
    """Run the body of a step or mapping; ``problem`` fails the try without running it."""

    path: str
    node: StepNode | MapNode
    entry: Entry
    scope: Scope
    problem: Exception | None = None


@dataclass(frozen=True, slots=True)
class Decide:
    """Ask user functions for a value that directs the flow.

    ``kind`` tells how the answers are read: "branch" (indexes of the conditions that hold),
    "loop" (whether to go on), "concurrency", "sleep" (ms to wait), "sleep_until" (ms timestamp),
    "on_start" (nothing: a nested workflow begins unless it raises).
    """

    path: str
    kind: str
    functions: tuple[Callable[..., Any], ...]
    entry: Entry
    scope: Scope
    input: Json
    iteration: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A nested workflow has come to rest: its lifecycle callbacks are due."""

    scope: Scope
    found: Found


@dataclass(slots=True)
class Turn:
    """The answer of one look at the journal."""

    commands: list[Execute | Decide] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    #: When something is due that nobody but the clock decides (ms), the earliest.
    wake_at: int | None = None
    #: Whether a wait of the workflow is what it waits for (and not, say, another try).
    sleeps: bool = False
    #: What the run came to; None while something is still going on.
    outcome: Found | None = None

    def wake(self, at: int) -> None:
        self.wake_at = at if self.wake_at is None else min(self.wake_at, at)


# --- answers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Succeeded:
    output: Json = None


@dataclass(frozen=True, slots=True)
class Suspended:
    payload: Json = None
    output: Json = None
    labels: tuple[str, ...] = ()
    #: Who may answer (see ``Entry.assignees``); nobody named means everybody who may resume.
    assignees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bailed:
    value: Json = None


@dataclass(frozen=True, slots=True)
class Threw:
    """A try failed. ``error`` is stored: ``{message, name, code?}``."""

    error: dict[str, Json]
    retryable: bool = True
    tripwire: dict[str, Json] | None = None


Answer = Succeeded | Suspended | Bailed | Threw


# --- what a visit came to --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Open:
    """Something of it is going on, or will when its time comes."""


@dataclass(frozen=True, slots=True)
class Done:
    """It has a value. ``carry`` is what the next entry gets where that differs (parallel)."""

    value: Json
    ref: str | None
    order: int
    carry: tuple[Json, str] | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    entry: Entry


@dataclass(frozen=True, slots=True)
class Bail:
    entry: Entry


@dataclass(frozen=True, slots=True)
class Halted:
    """Suspended at these entries of the scope."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Canceled:
    """Nothing further starts."""


@dataclass(frozen=True, slots=True)
class Paused:
    """One entry was executed, as asked (perStep)."""


Found = Open | Done | Failed | Bail | Halted | Canceled | Paused

OPEN, CANCELED, PAUSED = Open(), Canceled(), Paused()
