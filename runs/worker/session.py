"""One claim of one run: its journal in memory, and how it moves.

A session decides nothing about threads, loops or waiting; ``drive`` does. It keeps the order of
things right: what a turn changed, and what bodies told meanwhile, goes into one :class:`Write`, in
the order in which it happened, and nothing is announced to anybody before that is stored.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from runs.definition.nodes import MapNode, StepNode
from runs.definition.workflow import Workflow
from runs.engine import edits, events
from runs.engine import path as paths
from runs.engine.advance import Interpreter
from runs.engine.journal import FINAL, SETTLED, Entry, Journal, Kind, Status
from runs.engine.outcomes import CANCELED, Decide, Execute, Scope, Turn
from runs.engine.transitions import merge_state
from runs.exceptions import LeaseLost
from runs.models import Run
from runs.models.fields import dumps, from_ms
from runs.store import lease
from runs.store.ledger import Write, Written
from runs.store.outbox import Outbox
from runs.worker import feed
from runs.worker.abort import AbortSignal
from runs.worker.perform import Report
from runs.worker.request_context import RequestContext

if TYPE_CHECKING:
    from runs.worker.distribution import Distributor

Json = Any


class Session:
    """A run that is ours for now. Not thread-safe, but for ``tell``, ``abort`` and ``cancel``."""

    def __init__(
        self, run: Run, workflow: Workflow, journal: Journal, fence: int, seq: int
    ) -> None:
        self.run_pk = run.pk
        self.run_id = run.run_id
        self.workflow = workflow
        self.journal = journal
        self.fence = fence
        self.seq = seq
        self.signal = AbortSignal()
        self.request_context = RequestContext(journal.request_context)
        self.interpreter = Interpreter(workflow, journal)
        #: Called, from any thread, when there is something new to look at.
        self.on_news: Callable[[], None] = lambda: None
        #: Held by the thread that moves the journal, where that may be another than the loop's.
        self.moving = threading.Lock()
        #: Set when nobody waits for this session any more: a body's thread must leave it alone.
        self.left = threading.Event()
        #: Held while a body's own transaction records what it came to.
        self.committing = asyncio.Lock()
        self.line = run.limit_key
        #: Has distributed steps performed by any worker; None where they run as all others do.
        self.elsewhere: Distributor | None = None
        #: When the lease was last known to be kept (monotonic); None if nobody else can take it.
        self.kept_at: float | None = None
        self._receipts: list[int] = []
        self.settled = False
        self._outbox = Outbox.of(run, workflow)
        self._status = Status.RUNNING
        self._recoveries = run.recoveries
        self._canceled_at: int | None = None
        self._sleeps = False
        self._ahead: Turn | None = None
        self._stored_context = dumps(dict(self.request_context))
        self._told: deque[tuple[str, str, dict[str, Json]]] = deque()
        self._cancel = threading.Event()
        if journal.canceled:
            self.signal.fire()

    # --- from bodies and other threads --------------------------------------------------------

    def tell(self, type_: str, path: str, own: dict[str, Json]) -> None:
        """Add an event of a body; it is stored with the next write."""
        self._told.append((type_, path, own))
        self.on_news()

    def look_again(self) -> None:
        """Say so if something was told that nobody may have looked at."""
        if self._told or (self._cancel.is_set() and not self.journal.canceled):
            self.on_news()

    def abort(self) -> None:
        """A step cancels its own run."""
        self.cancel()

    def cancel(self) -> None:
        """Stop: fire the abort signal, and start nothing further."""
        self._cancel.set()
        self.signal.fire()
        self.on_news()

    def close(self) -> None:
        """Begin nothing further; the run is to be given up when its bodies have ended."""
        self.interpreter.closing = True
        self.on_news()

    def prove(self) -> None:
        """Make sure, in a thread, that the run is ours still; raises LeaseLost if it is not.

        The database is asked only if no sign of life has kept the lease for as long as it lasts:
        this process was slow, or the database away. Then others may have gone on with the run.
        """
        if self.kept_at is None or time.monotonic() - self.kept_at < lease.lasts():
            return
        began = time.monotonic()
        if not lease.keep(self.run_pk, self.fence):
            raise LeaseLost(run_pk=self.run_pk)
        self.kept_at = began

    def confirm(self) -> None:
        """Ask the database whether the run is ours still; raises LeaseLost if it is not."""
        if not lease.holds(self.run_pk, self.fence):
            raise LeaseLost(run_pk=self.run_pk)

    # --- the driver's side --------------------------------------------------------------------

    def look_ahead(self, now: int) -> None:
        """Take the first turn early, if a step is all it asks for: it is stored with the edit."""
        if not self.journal.canceled and self._goes_on_with_a_step():
            self._ahead = self.interpreter.advance(now)

    def _goes_on_with_a_step(self) -> bool:
        for node in self.workflow.flow:
            entry = self.journal.get(node.key)
            if entry is None or entry.status is not Status.SUCCESS:
                return isinstance(node, StepNode | MapNode)
        return False

    def advance(self, now: int) -> Turn:
        """One turn. When the run came to rest, its outcome is recorded with it."""
        self._take_told(now)
        turn, self._ahead = self._ahead or self.interpreter.advance(now), None
        if turn.outcome is not None and not self.settled:
            edits.settle(self.journal, turn.outcome, now)
            self.settled = True
        return turn

    def answer(self, command: Execute | Decide, report: Report, now: int) -> None:
        self._take_told(now)
        if report.state is not None:
            merge_state(self.journal, command.scope, report.state)
        if self.journal.request_context != self.request_context.data:
            # A nested workflow that begins next is held against it.
            self.journal.request_context = dict(self.request_context)
        self.interpreter.answer(command, report.answer, now)
        if report.receipt is not None:
            self._receipts.append(report.receipt)

    def checkpoint(self, command: Execute, now: int) -> Callable[[], None]:
        """A function that takes back what is answered from now on, if it cannot be stored."""
        self._take_told(now)
        journal, entry, holder = self.journal, command.entry, command.scope.entry
        before = replace(entry)
        state = None if holder.state is None else dict(holder.state)
        own = {name: getattr(self, name) for name in _MOVED_BY_WRITES}
        changed, emitted, order = dict(journal.changed), list(journal.events), journal.order
        patched = holder.patched

        def restore() -> None:
            for field in fields(entry):
                setattr(entry, field.name, getattr(before, field.name))
            holder.state, holder.patched = state, patched
            journal.changed, journal.events, journal.order = changed, emitted, order
            self.interpreter.issued.add(command.path)
            vars(self).update(own)

        return restore

    @property
    def is_distributed(self) -> bool:
        """Whether steps of it may be performed by other workers: their reports need the loop."""
        return self.elsewhere is not None and self.workflow.distributes

    def wake(self) -> None:
        """A wait is over: the run shows as running with the next write."""
        self._sleeps = False

    def sleep(self) -> None:
        """Nothing goes on but a wait: the run shows as waiting with the next write."""
        self._sleeps = True

    def take_write(self, *, release_at: int | None = None) -> Write | None:
        """What has to be stored now; None if nothing. ``release_at`` gives a waiting run up."""
        entries, news = self.journal.take_changes()
        for event in news:
            event.seq, self.seq = self.seq, self.seq + 1
        run = self._run_columns(entries, release_at)
        if not (entries or news or run):
            return None
        settles = self.settled and self.journal.status is not Status.CANCELED
        letters = self._letters() if self.settled else ()
        about = self.run_pk, self.journal.attempt, self.fence
        return Write(*about, entries, news, run, settles, letters, self.line)

    def recant(self, write: Write, now: int) -> Write:
        """The run was canceled before this outcome of it could be stored: so it ends canceled."""
        ends = (events.FINISH, events.PAUSED)
        told = [e for e in write.events if e.path != paths.ROOT or e.type not in ends]
        self.seq -= len(write.events) - len(told)
        self.journal.canceled = True
        root = self.journal.root
        root.output = root.output_ref = None
        edits.settle(self.journal, CANCELED, now)
        _, news = self.journal.take_changes()
        for event in news:
            event.seq, self.seq = self.seq, self.seq + 1
        run = write.run | self._final_columns()
        letters = self._letters()
        return replace(write, events=[*told, *news], run=run, settles=False, letters=letters)

    def as_stored(self, turn: Turn) -> Turn:
        """The turn with the outcome that was stored in the end."""
        if turn.outcome is not None and self.journal.status is Status.CANCELED:
            turn.outcome = CANCELED
        return turn

    def after(self, write: Write, written: Written) -> None:
        """The write is stored: tell who listens, and learn of a cancel."""
        feed.publish(self.run_pk, self.run_id, self.journal, write.events)
        if written.canceled and not self.settled:
            self.cancel()
        if self._receipts and self.elsewhere is not None:
            receipts, self._receipts = self._receipts, []
            self.elsewhere.discard(receipts)

    def withdraw(self, turn: Turn) -> None:
        """Take back the bodies a stored turn asks for, if the run was canceled meanwhile."""
        if not self._cancel.is_set() or self.journal.canceled:
            return
        for command in turn.commands:
            if isinstance(command, Execute):
                self.interpreter.issued.discard(command.path)
        turn.commands = [command for command in turn.commands if isinstance(command, Decide)]

    def run_id_of(self, scope: Scope) -> str:
        """The run id a body sees: inside a foreach each item's workflow has one of its own."""
        return run_id_in(self.run_id, scope)

    def _take_told(self, now: int) -> None:
        """Take up what bodies and callers said meanwhile; an abort is stored with what follows."""
        if self._cancel.is_set() and not self.journal.canceled:
            self.journal.canceled, self._canceled_at = True, now
        while self._told:
            type_, path, own = self._told.popleft()
            self.journal.emit(type_, path, now, own)

    def _run_columns(self, entries: Sequence[Entry], release_at: int | None) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        if self._recoveries and any(_is_progress(entry) for entry in entries):
            self._recoveries = columns["recoveries"] = 0
        context = dumps(self.request_context.data)
        if context != self._stored_context:
            self._stored_context = context
            columns["request_context"] = dict(self.request_context)
            self.journal.request_context = dict(self.request_context)
        if self._canceled_at is not None:
            columns["canceled_at"], self._canceled_at = self._canceled_at, None
        if self.settled:
            columns |= self._final_columns()
            return columns
        status = Status.WAITING if self._sleeps else Status.RUNNING
        if status is not self._status and not self.journal.canceled:
            self._status = status
            columns["status"] = status.value
        return columns if release_at is None else columns | lease.free(release_at)

    def _letters(self) -> Sequence[tuple[Any, ...]]:
        return self._outbox.letters(self.journal, self.journal.status.value)

    def _final_columns(self) -> dict[str, Any]:
        root, status = self.journal.root, self.journal.status
        error = (root.error or {}).get("message", "") if root.error else ""
        moment = from_ms(root.ended_at)
        return lease.free(None) | {
            "status": status.value,
            "error_message": error,
            "updated_at": moment,
            "ended_at": moment if status in FINAL else None,
        }


def run_id_in(run_id: str, scope: Scope) -> str:
    """The run id a body sees: inside a foreach each item's workflow has one of its own."""
    return paths.run_id_at(run_id, scope.path)


#: What take_write remembers of a write.
_MOVED_BY_WRITES = ("seq", "_status", "_recoveries", "_canceled_at", "_stored_context")


def _is_progress(entry: Entry) -> bool:
    """Whether a run that was taken over has got further than its last worker had."""
    return entry.status in SETTLED and entry.kind is not Kind.DECISION
