"""The calls of Mastra's ``Run`` for plain (blocking) code."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Unpack

from asgiref.sync import async_to_sync
from django.db import transaction

from runs.conf import EXECUTIONS
from runs.definition.limits import PRIORITY_RULE, is_priority
from runs.definition.webhook import Webhook
from runs.definition.workflow import Workflow
from runs.engine.result import WorkflowResult
from runs.exceptions import EmptyWorkflow, RequestError, RunNotSuspended, RunsError
from runs.models import Run
from runs.operations import begin, keys, travel
from runs.operations.acting import acting_user, current_actor, note
from runs.operations.arguments import step_path
from runs.operations.begin import Begun
from runs.operations.cancel import cancel as cancel
from runs.operations.options import (
    ResumeOptions,
    StartOptions,
    TravelOptions,
    claim_resume,
    key_of,
    known,
    starting,
)
from runs.store import creation
from runs.worker import callbacks, execution, perform
from runs.worker.execution import Options
from runs.worker.stream import RunStream

Json = Any
#: Characters of a run id or resource id, as many as their columns hold.
MAX_ID_LENGTH = 200
#: Seconds for which resume() waits for a run that is just about to suspend.
PATIENCE = 2.0


# --- making runs -----------------------------------------------------------------------------


def create_run(
    workflow: Workflow,
    *,
    run_id: str | None = None,
    resource_id: str | None = None,
    execution: str | None = None,
    started_by: Any = None,
    idempotency_key: str | None = None,
    webhooks: Sequence[Webhook] = (),
    priority: int | None = None,
) -> Run:
    """A pending run of a workflow; the stored one if there is one of that id or key already.

    ``execution`` ("inline" or "background") is where this object's calls execute; the setting
    RUNS_EXECUTION when None. Inside a transaction the run commits or vanishes with it. ``webhooks``
    are told what it comes to, beside those of its workflow.
    """
    if not workflow.flow:
        raise EmptyWorkflow
    _check_run(run_id, resource_id, execution, priority)
    keys.check(idempotency_key)

    def make() -> Run:
        row = Run(
            workflow_id=workflow.id,
            run_id=run_id or str(uuid.uuid4()),
            resource_id=resource_id,
            priority=workflow.priority if priority is None else priority,
            started_by=started_by or acting_user(),
            webhooks=[webhook.to_json() for webhook in webhooks] or None,
        )
        run, created = creation.create(row, workflow)
        if created:
            note(run, "create")
        return run

    if idempotency_key is None and current_actor() is None:
        return bound(make(), workflow, execution)
    if idempotency_key is None:
        # Nobody catches what fails in here: in a transaction it fails as a whole.
        with transaction.atomic(savepoint=False):
            return bound(make(), workflow, execution)
    with transaction.atomic():
        run = keys.created(workflow.id, idempotency_key, make)
        keys.check_same(run, idempotency_key, run_id, resource_id)
    run.idempotency_key = idempotency_key
    return bound(run, workflow, execution)


def _check_run(
    run_id: str | None, resource_id: str | None, execution: str | None, priority: int | None
) -> None:
    for name, value in (("run id", run_id), ("resource id", resource_id)):
        if value is not None and len(value) > MAX_ID_LENGTH:
            raise RequestError(f"A {name} has at most {MAX_ID_LENGTH} characters")
    if execution not in (None, *EXECUTIONS):
        raise RequestError(f'execution is "inline" or "background", not {execution!r}')
    if priority is not None and not is_priority(priority):
        raise RequestError(f"{PRIORITY_RULE}, not {priority!r}")


def bound(run: Run, workflow: Workflow, execution: str | None) -> Run:
    """The run with its definition and mode of execution at hand."""
    run.__dict__["_workflow"] = workflow
    run.execution_mode = execution
    return run


# --- start -----------------------------------------------------------------------------------


def start(run: Run, input_data: Json = None, **options: Unpack[StartOptions]) -> WorkflowResult:
    """Start a run and wait for its outcome; see :class:`StartOptions`.

    A run that fails returns a result of status ``failed``; errors are raised for bad calls only
    (input that does not fit, a run that was started already).
    """
    check_waiting(run, key_of(run, options))
    return _outcome(_started(run, input_data, options), options.get("output_options"))


def start_async(run: Run, input_data: Json = None, **options: Unpack[StartOptions]) -> int:
    """Start a run and return once that is stored; it goes on by itself.

    Inline, the run is driven when the caller's transaction commits (at once if there is none).
    Like its sisters it returns the number of the first event that it will tell.
    """
    return _go_on(_started(run, input_data, options))


def stream(run: Run, input_data: Json = None, **options: Unpack[StartOptions]) -> RunStream:
    """Start a run and iterate over its events; ``result()`` of the stream has the outcome."""
    return _streamed(
        run,
        lambda: _started(run, input_data, options),
        options.get("output_options"),
        key_of(run, options),
    )


def _started(run: Run, input_data: Json, options: StartOptions) -> Begun:
    call = starting(run, input_data, options)
    if call.asks:
        async_to_sync(callbacks.on_start)(call.workflow, call.info, perform.call)
    return call.begin()


# --- resume ----------------------------------------------------------------------------------


def resume(run: Run, resume_data: Json = None, **options: Unpack[ResumeOptions]) -> WorkflowResult:
    """Answer a suspension and wait for the outcome; see :class:`ResumeOptions`.

    Of several callers exactly one wins.
    """
    check_waiting(run)
    return _outcome(_resumed(run, resume_data, options), options.get("output_options"))


def resume_async(run: Run, resume_data: Json = None, **options: Unpack[ResumeOptions]) -> int:
    """Answer a suspension and return once that is stored."""
    return _go_on(_resumed(run, resume_data, options))


def resume_stream(
    run: Run, resume_data: Json = None, **options: Unpack[ResumeOptions]
) -> RunStream:
    """Answer a suspension and iterate over the events that follow."""
    output_options = options.get("output_options")
    return _streamed(run, lambda: _resumed(run, resume_data, options), output_options)


def _resumed(run: Run, data: Json, options: ResumeOptions) -> Begun:
    options = known(ResumeOptions, options)
    deadline = time.monotonic() + PATIENCE
    while (seen := begin.seen_suspended(run)) is None:
        if time.monotonic() > deadline:
            raise RunNotSuspended
        time.sleep(0.02)
    return claim_resume(run, seen, data, options)


# --- the others ------------------------------------------------------------------------------


def restart(run: Run, *, request_context: dict[str, Json] | None = None) -> WorkflowResult:
    """Go on with a run whose process died; steps that were recorded do not run again.

    A finished run returns its recorded outcome. RunStillRunning if somebody is working on it.
    """
    check_waiting(run)
    begun = begin.restart(run, request_context)
    return recorded(run) if begun is None else _outcome(begun, None)


def restart_async(run: Run, *, request_context: dict[str, Json] | None = None) -> int | None:
    """Restart a run and return once that is stored; None if it is finished."""
    begun = begin.restart(run, request_context)
    return None if begun is None else _go_on(begun)


def attempt_outcome(run: Run, number: int, **output_options: bool) -> WorkflowResult:
    """What an attempt of a run came to; raises RunNotFound if there is no such attempt."""
    return execution.result_of_stored(run, output_options, attempt=number)


def outcome_now(run: Run, number: int) -> WorkflowResult:
    """The same of a run that has gone on since it was read."""
    return attempt_outcome(begin.row_of(run, lock=False), number)


def recorded(run: Run) -> WorkflowResult:
    """The outcome of a finished run, as stored."""
    run.refresh_from_db()
    return execution.recorded(run)


def restart_all_active_workflow_runs(workflow: Workflow) -> None:
    """Restart every running or waiting run of a workflow that nobody works on."""
    for run in Run.objects.active().filter(workflow_id=workflow.id):
        try:
            restart(bound(run, workflow, None))
        except RunsError as error:
            perform.logger.warning("Run %s was not restarted: %s", run, error)


def time_travel(run: Run, step: Any, **options: Unpack[TravelOptions]) -> WorkflowResult:
    """Run again from ``step`` on, as a new attempt; see :class:`TravelOptions`."""
    check_waiting(run)
    begun = travel.begin_travel(run, step_path(step), options)
    return _outcome(begun, options.get("output_options"))


def time_travel_async(run: Run, step: Any, **options: Unpack[TravelOptions]) -> int:
    """Run again from ``step`` on and return once that is stored."""
    return _go_on(travel.begin_travel(run, step_path(step), options))


def time_travel_stream(run: Run, step: Any, **options: Unpack[TravelOptions]) -> RunStream:
    """Run again from ``step`` on and iterate over the events."""
    return _streamed(
        run,
        lambda: travel.begin_travel(run, step_path(step), options),
        options.get("output_options"),
    )


def observe(run: Run, offset: int = 0) -> RunStream:
    """The run's events from number ``offset`` on, then live until it comes to rest."""
    return RunStream(run, offset, until_finish=False)


# --- going on --------------------------------------------------------------------------------


def _outcome(begun: Begun, options: Options) -> WorkflowResult:
    if begun.session is None:
        return execution.wait(begun.run, options)
    begun.announce()
    result = execution.run_here(begun.session, options)
    begun.run.status = result.status
    return result


def _go_on(begun: Begun) -> int:
    session = begun.session
    if session is not None:

        def go_on() -> None:
            begun.announce()
            execution.run_here(session)

        transaction.on_commit(go_on)
    return begun.offset


def check_waiting(run: Run, key: str | None = None) -> None:
    """Refuse a call that would wait for workers without end, before it stores anything."""
    if not begin.is_inline(run) and not keys.is_started(run, key):
        execution.check_waiting(run)


def _streamed(
    run: Run, call: Callable[[], Begun], options: Options, key: str | None = None
) -> RunStream:
    check_waiting(run, key)
    try:
        begun = call()
    except Exception as error:
        return RunStream(run, 0, refused=error)
    begun.announce()
    return RunStream(
        run, begun.offset, session=begun.session, told=begun.told, output_options=options
    )
