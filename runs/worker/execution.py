"""Getting a begun run executed: here in this thread, on this loop, or by waiting for a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.utils import timezone

from runs.engine import records, result
from runs.engine.result import WorkflowResult
from runs.exceptions import NoWorkers, RequestError, RunNotFound
from runs.models import Run, WorkerProcess
from runs.store import journals, ledger, row
from runs.store.ledger import Write, Written
from runs.worker import hearing, local, perform
from runs.worker.drive import drive, drive_here
from runs.worker.session import Session

Options = dict[str, bool] | None
#: Seconds between two looks for the outcome of a run that a worker executes, at first and at most,
#: where nobody listens for the doorbell.
FIRST_POLL, LAST_POLL = 0.005, 0.25


def steps_here(session: Session) -> Iterator[None]:
    """Drive in this thread, yielding after each write."""
    with local.driving(session):
        yield from drive_here(session)


def run_here(session: Session, options: Options = None) -> WorkflowResult:
    for _ in steps_here(session):
        pass
    return result_of(session, options)


async def run_on_loop(session: Session, options: Options = None) -> WorkflowResult:
    """Drive on the running loop; database calls go to the thread Django keeps for it."""
    # In a transaction (of a test) bodies must use its connection, so its thread; else they have
    # threads of their own, and one that blocks keeps nothing else of this process waiting.
    within = await sync_to_async(_registered)(session)
    try:
        await drive(session, _store, perform.call if within else _call_in_thread, holds=True)
    finally:
        local.unregister(session)
    return result_of(session, options)


def _registered(session: Session) -> bool:
    local.register(session)
    return connection.in_atomic_block


async def _call_in_thread(function: Callable[[Any], Any], ctx: Any) -> Any:
    return await sync_to_async(_closing, thread_sensitive=False)(function, ctx)


def _closing(function: Callable[[Any], Any], ctx: Any) -> Any:
    """Call, and leave no connection of this thread behind: the pool may end it at any time."""
    try:
        return function(ctx)
    finally:
        connections.close_all()


async def _store(write: Write) -> Written:
    return await sync_to_async(ledger.append_one)(write)


def result_of(session: Session, options: Options = None) -> WorkflowResult:
    return result.of_journal(session.journal, **(options or {}))


def result_of_stored(
    run: Run, options: Options = None, attempt: int | None = None
) -> WorkflowResult:
    journal = journals.load(run, attempt)
    if not journal.entries:
        raise RunNotFound(f"Run {run} has no attempt {journal.attempt}")
    return result.of_journal(journal, **(options or {}))


def recorded(run: Run) -> WorkflowResult:
    """The outcome of a finished run with all inputs and labels, as a restart answers."""
    journal = journals.load(run)
    found = result.of_journal(journal, include_resume_labels=True)
    return replace(
        found,
        steps={"input": journal.root.input} | records.steps(journal),
        resume_labels=found.resume_labels or {},
    )


# --- waiting for a worker --------------------------------------------------------------------


def wait(run: Run, options: Options = None) -> WorkflowResult:
    """Wait until workers have brought the run to rest; NoWorkers if there are none."""
    delay = FIRST_POLL
    with hearing.bell(run.pk) as bell:
        while (found := _outcome(run, options)) is None:
            bell.wait(delay)
            delay = min(delay * 1.5, LAST_POLL)
    return found


async def await_outcome(run: Run, options: Options = None) -> WorkflowResult:
    delay = FIRST_POLL
    with hearing.loop_bell(run.pk) as bell:
        while (found := await sync_to_async(_outcome)(run, options)) is None:
            await bell.wait(delay)
            delay = min(delay * 1.5, LAST_POLL)
    return found


def _outcome(run: Run, options: Options) -> WorkflowResult | None:
    now = row.read(run.pk)
    if now is None or not now.is_going_on:
        run.refresh_from_db()
        return result_of_stored(run, options)
    if not _is_driven(now):
        check_workers(run)
    return None


def _is_driven(run: Run) -> bool:
    """Whether somebody works on the run at this moment, be it another caller's process."""
    return bool(run.lease_owner) and run.due_at is not None and run.due_at > timezone.now()


def check_workers(run: Run) -> None:
    """Say so at once when nobody is there to execute a run."""
    if not WorkerProcess.objects.alive().exists():
        raise no_workers(str(run))


def no_workers(run: str) -> NoWorkers:
    return NoWorkers(
        f"No worker is alive to execute run {run}. Start one with `manage.py serve`, "
        "or execute in this process with RUNS_EXECUTION=inline."
    )


def check_waiting(run: Run) -> None:
    """Refuse to wait for workers where that has no end; called before anything is stored."""
    if connection.in_atomic_block:
        raise RequestError(
            "A worker cannot see a run before its transaction is committed, so waiting for one "
            "inside a transaction has no end: call start_async() here, or start after the commit"
        )
    check_workers(run)
