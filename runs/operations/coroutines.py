"""The coroutine twins of the calls: the same functions for code on an event loop."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from asgiref.sync import sync_to_async

from runs.definition.workflow import Workflow
from runs.engine.result import WorkflowResult
from runs.exceptions import RunNotSuspended, RunsError
from runs.models import Run
from runs.operations import begin, calls, keys, plan, reads, travel
from runs.operations.arguments import step_path
from runs.operations.begin import Begun
from runs.operations.cancel import cancel
from runs.worker import callbacks, execution, perform
from runs.worker.execution import Options
from runs.worker.run_info import RunInfo
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


async def astart(run: Run, input_data: Json = None, **options: Any) -> WorkflowResult:
    """Start a run and wait for its outcome; options as for :func:`runs.operations.start`."""
    await _check_waiting(run, _key(run, options))
    begun = await _start(run, input_data, options)
    return await _outcome(begun, options.get("output_options"))


async def astart_async(run: Run, input_data: Json = None, **options: Any) -> int:
    """Start a run and return once that is stored; inline it goes on as a task of this loop."""
    return _go_on(await _start(run, input_data, options))


async def astream(run: Run, input_data: Json = None, **options: Any) -> RunStream:
    """Start a run and iterate over its events with ``async for``."""
    begun = _start(run, input_data, options)
    return await _streamed(run, begun, options.get("output_options"), _key(run, options))


def _key(run: Run, options: dict[str, Any]) -> str | None:
    return options.get("idempotency_key") or run.idempotency_key


async def _start(run: Run, input_data: Json, options: dict[str, Any]) -> Begun:
    workflow = begin.workflow_of(run)
    given = await sync_to_async(begin.check_start)(
        workflow, input_data, options.get("initial_state"), options.get("request_context")
    )
    key = _key(run, options)
    if workflow.on_start is not None and not await sync_to_async(keys.is_started)(run, key):
        info = RunInfo(
            workflow_id=workflow.id,
            run_id=run.run_id,
            resource_id=run.resource_id,
            request_context=given.request_context,
            state=given.state,
            init_data=given.input_data,
        )
        await callbacks.on_start(workflow, info, perform.call)
    per_step = bool(options.get("per_step", False))
    return await sync_to_async(begin.start)(run, given, per_step=per_step, key=key)


# --- resume ----------------------------------------------------------------------------------


async def aresume(run: Run, resume_data: Json = None, **options: Any) -> WorkflowResult:
    """Answer a suspension and wait for the outcome."""
    await _check_waiting(run)
    begun = await _resume(run, resume_data, options)
    return await _outcome(begun, options.get("output_options"))


async def aresume_async(run: Run, resume_data: Json = None, **options: Any) -> int:
    """Answer a suspension and return once that is stored."""
    return _go_on(await _resume(run, resume_data, options))


async def aresume_stream(run: Run, resume_data: Json = None, **options: Any) -> RunStream:
    """Answer a suspension and iterate over the events that follow."""
    return await _streamed(run, _resume(run, resume_data, options), options.get("output_options"))


async def _resume(run: Run, data: Json, options: dict[str, Any]) -> Begun:
    deadline = time.monotonic() + calls.PATIENCE
    while (seen := await sync_to_async(begin.seen_suspended)(run)) is None:
        if time.monotonic() > deadline:
            raise RunNotSuspended
        await asyncio.sleep(0.02)
    return await sync_to_async(calls.claim_resume)(
        run,
        seen,
        data,
        options.get("step"),
        options.get("label"),
        options.get("for_each_index"),
        options.get("request_context"),
        options.get("per_step", False),
    )


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


async def atime_travel(run: Run, step: Any, **options: Any) -> WorkflowResult:
    """Run again from ``step`` on, as a new attempt."""
    await _check_waiting(run)
    begun = await sync_to_async(travel.begin_travel)(run, step_path(step), options)
    return await _outcome(begun, options.get("output_options"))


async def atime_travel_async(run: Run, step: Any, **options: Any) -> int:
    """Run again from ``step`` on and return once that is stored."""
    return _go_on(await sync_to_async(travel.begin_travel)(run, step_path(step), options))


async def atime_travel_stream(run: Run, step: Any, **options: Any) -> RunStream:
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
