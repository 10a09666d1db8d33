"""Opening a run that was claimed: its journal is read, and its definition held against it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.utils import timezone

from runs.conf import conf
from runs.definition import registry
from runs.definition.workflow import Workflow
from runs.engine import edits
from runs.engine.journal import Journal
from runs.exceptions import DefinitionChanged, RunsError, WorkflowNotFound
from runs.models import Run
from runs.store import journals, lease, ledger, row
from runs.store.lease import Claim
from runs.store.outbox import Outbox
from runs.store.row import ToDrive
from runs.worker.clock import clock
from runs.worker.perform import error_of
from runs.worker.session import Session

#: Milliseconds until a run whose workflow a worker does not know is offered again.
UNKNOWN_PAUSE = 5_000
logger = logging.getLogger("runs.worker")


def take_up(run_pks: Sequence[int], owner: str) -> list[Session]:
    """Claim those of these runs that are due, and open them."""
    claims = lease.claim_each(run_pks, owner)
    return open_claimed(claims) if claims else []


def open_claimed(claims: Sequence[Claim]) -> list[Session]:
    """Sessions over claimed runs; of those that were ended instead of driven there is none.

    A run that took its worker down again and again is failed: whatever it does, it would go on to.
    """
    found = row.read_to_drive([claim.run_pk for claim in claims])
    loaded = journals.load_many([one.run for one in found.values()])
    opened = []
    for claim in claims:
        try:
            opened.append(_open(found[claim.run_pk], claim, loaded[claim.run_pk]))
        except Exception:
            logger.exception("Run %s could not be opened; it is due again soon", claim.run_pk)
    return [session for session in opened if session is not None]


def _open(to_drive: ToDrive, claim: Claim, journal: Journal) -> Session | None:
    run = to_drive.run
    try:
        workflow = registry.get_workflow(run.workflow_id)
    except WorkflowNotFound:
        _leave(run, claim)
        return None
    try:
        check_recoveries(run)
        check_definition(to_drive.fingerprint, workflow, journal)
    except RunsError as error:
        _fail(run, workflow, journal, claim.fence, error)
        return None
    session = Session(run, workflow, journal, claim.fence, to_drive.next_seq)
    session.kept_at = claim.at
    if claim.recovered:
        logger.warning("Run %s lost its worker and goes on here", run)
    else:
        session.interpreter.look_after_open()
    return session


def _leave(run: Run, claim: Claim) -> None:
    """This process has not the code; one that is newer, or older, may have."""
    logger.warning(
        "Run %s is left to another worker: this one does not know workflow %r", run, run.workflow_id
    )
    due_at = clock().now() + UNKNOWN_PAUSE
    free = lease.free(due_at)
    write = ledger.Write(run.pk, run.attempt, claim.fence, run=free, line=run.limit_key)
    ledger.append([write])


def check_recoveries(run: Run) -> None:
    if run.recoveries > conf.MAX_RECOVERIES:
        raise RunsError(
            f"The run was taken over {run.recoveries} times because its worker died while it ran; "
            "it is not tried again (RUNS_MAX_RECOVERIES)"
        )


def check_definition(fingerprint: str | None, workflow: Workflow, journal: Journal) -> None:
    """A changed definition goes on if it still has every step that was recorded."""
    if fingerprint is None or fingerprint == workflow.fingerprint:
        return
    gone = sorted(
        step_id
        for scope, step_id in journal.latest
        if not scope and step_id not in workflow.steps_by_id
    )
    if gone:
        raise DefinitionChanged(
            f"Workflow {workflow.id!r} has changed since the run began and has no longer: "
            + ", ".join(gone)
        )


def _fail(run: Run, workflow: Workflow, journal: Journal, fence: int, error: Exception) -> None:
    logger.error("Run %s is failed: %s", run, error)
    edits.fail(journal, error_of(error), clock().now())
    entries, news = journal.take_changes()
    ledger.numbered(run.pk, news)
    columns = lease.free(None) | {
        "status": journal.status.value,
        "error_message": str(error),
        "ended_at": timezone.now(),
        "updated_at": timezone.now(),
    }
    letters = Outbox.of(run, workflow).letters(journal, journal.status.value)
    about = run.pk, journal.attempt, fence
    write = ledger.Write(*about, entries, news, columns, letters=letters, line=run.limit_key)
    ledger.append([write])
