"""The coroutine twins of the calls: the same functions for code on an event loop."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Unpack

from asgiref.sync import sync_to_async

from runs.definition.workflow import Workflow
from runs.engine.result import WorkflowResult
from runs.exceptions import RunNotSuspended, RunsError
from runs.models import Run
from runs.operations import begin, calls, plan, reads, travel
from runs.operations.arguments import step_path
from runs.operations.begin import Begun
from runs.operations.cancel import cancel
from runs.operations.options import (
    ResumeOptions,
    StartOptions,
    TravelOptions,
    claim_resume,
    key_of,
    known,
    starting,
)
from runs.worker import callbacks, execution, perform
from runs.worker.execution import Options
from runs.worker.stream import RunStream

Json = Any

#: Runs started with ``astart_async``, kept from the garbage collector until they rest.
_going: set[asyncio.Task[WorkflowResult]] = set()

acreate_run = sync_to_async(calls.create_run)
acancel = sync_to_async(cancel)
aget_workflow_run_by_id = sync_to_async(reads.get_workflow_run_by_id)
alist_workflow_runs = sync_to_async(reads.list_workflow_runs)
adelete_workflow_run_by_id = sync_to_async(reads.delete_workflow_run_by_id)
aload_snapshot = sync_to_async(reads.load_snapshot)
aobserve = sync_to_async(calls.observe)
aplan_time_travel = sync_to_async(plan.plan_time_travel)


# --- start -----------------------------------------------------------------------------------


async def astart(
    run: Run, input_data: Json = None, **options: Unpack[StartOptions]
) -> WorkflowResult:
    """Start a run and wait for its outcome."""
    await _check_waiting(run, key_of(run, options))
    begun = await _started(run, input_data, options)
    return await _outcome(begun, options.get("output_options"))


async def astart_async(run: Run, input_data: Json = None, **options: Unpack[StartOptions]) -> int:
    """Start a run and return once that is stored; inline it goes on as a task of this loop."""
    return _go_on(await _started(run, input_data, options))


async def astream(run: Run, input_data: Json = None, **options: Unpack[StartOptions]) -> RunStream:
    """Start a run and iterate over its events with ``async for``."""
    begun = _started(run, input_data, options)
    return await _streamed(run, begun, options.get("output_options"), key_of(run, options))


async def _started(run: Run, input_data: Json, options: StartOptions) -> Begun:
    call = await sync_to_async(starting)(run, input_data, options)
    if call.asks:
        await callbacks.on_start(call.workflow, call.info, perform.call)
    return await sync_to_async(call.begin)()


# --- resume ----------------------------------------------------------------------------------


async def aresume(
    run: Run, resume_data: Json = None, **options: Unpack[ResumeOptions]
) -> WorkflowResult:
    """Answer a suspension and wait for the outcome."""
    await _check_waiting(run)
    begun = await _resumed(run, resume_data, options)
    return await _outcome(begun, options.get("output_options"))


async def aresume_async(
    run: Run, resume_data: Json = None, **options: Unpack[ResumeOptions]
) -> int:
    """Answer a suspension and return once that is stored."""
    return _go_on(await _resumed(run, resume_data, options))


async def aresume_stream(
    run: Run, resume_data: Json = None, **options: Unpack[ResumeOptions]
) -> RunStream:
    """Answer a suspension and iterate over the events that follow."""
    return await _streamed(run, _resumed(run, resume_data, options), options.get("output_options"))


async def _resumed(run: Run, data: Json, options: ResumeOptions) -> Begun:
    options = known(ResumeOptions, options)
    deadline = time.monotonic() + calls.PATIENCE
    while (seen := await sync_to_async(begin.seen_suspended)(run)) is None:
        if time.monotonic() > deadline:
            raise RunNotSuspended
        await asyncio.sleep(0.02)
    return await sync_to_async(claim_resume)(run, seen, data, options)


# --- the others ------------------------------------------------------------------------------


async def arestart(run: Run, *, request_context: dict[str, Json] | None = None) -> WorkflowResult:
    """Go on with a run whose process died."""
    await _check_waiting(run)
    begun = await sync_to_async(begin.restart)(run, request_context)
    if begun is None:
        return await sync_to_async(calls.recorded)(run)
    return await _outcome(begun, None)


async def arestart_async(run: Run, *, request_context: dict[str, Json] | None = None) -> int | None:
    """Go on with a run whose process died and return once that is stored."""
    begun = await sync_to_async(begin.restart)(run, request_context)
    return None if begun is None else _go_on(begun)


async def arestart_all_active_workflow_runs(workflow: Workflow) -> None:
    """Restart every running or waiting run of a workflow that nobody works on."""
    async for run in Run.objects.active().filter(workflow_id=workflow.id):
        try:
            await arestart(calls.bound(run, workflow, None))
        except RunsError as error:
            perform.logger.warning("Run %s was not restarted: %s", run, error)


async def atime_travel(run: Run, step: Any, **options: Unpack[TravelOptions]) -> WorkflowResult:
    """Run again from ``step`` on, as a new attempt."""
    await _check_waiting(run)
    begun = await sync_to_async(travel.begin_travel)(run, step_path(step), options)
    return await _outcome(begun, options.get("output_options"))


async def atime_travel_async(run: Run, step: Any, **options: Unpack[TravelOptions]) -> int:
    """Run again from ``step`` on and return once that is stored."""
    return _go_on(await sync_to_async(travel.begin_travel)(run, step_path(step), options))


async def atime_travel_stream(run: Run, step: Any, **options: Unpack[TravelOptions]) -> RunStream:
    """Run again from ``step`` on and iterate over the events."""
    begun = sync_to_async(travel.begin_travel)(run, step_path(step), options)
    return await _streamed(run, begun, options.get("output_options"))


# --- going on --------------------------------------------------------------------------------


_check_waiting = sync_to_async(calls.check_waiting)


async def _outcome(begun: Begun, options: Options) -> WorkflowResult:
    if begun.session is None:
        return await execution.await_outcome(begun.run, options)
    begun.announce()
    result = await execution.run_on_loop(begun.session, options)
    begun.run.status = result.status
    return result


def _go_on(begun: Begun) -> int:
    if begun.session is not None:
        begun.announce()
        task = asyncio.ensure_future(execution.run_on_loop(begun.session))
        _going.add(task)
        task.add_done_callback(_going.discard)
    return begun.offset


async def _streamed(run: Run, call: Any, options: Options, key: str | None = None) -> RunStream:
    try:
        await _check_waiting(run, key)
        begun: Begun = await call
    except Exception as error:
        return RunStream(run, 0, refused=error)
    begun.announce()
    stream = RunStream(
        run, begun.offset, session=begun.session, told=begun.told, output_options=options
    )
    return stream.begin() if begun.session is not None else stream
