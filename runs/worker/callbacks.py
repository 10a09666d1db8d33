"""Lifecycle callbacks of workflows: on_start, on_finish, on_error.

``on_start`` may refuse a start by raising. The other two are told after the outcome is stored; what
they raise is logged and changes nothing. A process that dies in between does not call them again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

import orjson
from asgiref.sync import async_to_sync

from runs.definition.workflow import Workflow
from runs.engine import records, result
from runs.engine.journal import Journal, Status
from runs.engine.outcomes import Bail, Canceled, Done, Failed, Found, Halted, Paused, Scope, Turn
from runs.worker import perform
from runs.worker.perform import Pool
from runs.worker.run_info import RunInfo

if TYPE_CHECKING:
    from runs.worker.session import Session

Json = Any
logger = logging.getLogger("runs.worker")


async def notify(session: Session, turn: Turn, pool: Pool) -> None:
    """Call the callbacks that a stored turn makes due."""
    for scope, found in _due(session, turn):
        for callback in _callbacks(scope.workflow, found):
            await _call(callback, _info(session, scope, found), pool)


def notify_here(session: Session, turn: Turn) -> None:
    if any(_callbacks(scope.workflow, found) for scope, found in _due(session, turn)):
        async_to_sync(notify)(session, turn, perform.call)


def _due(session: Session, turn: Turn) -> list[tuple[Scope, Found]]:
    due = [(notice.scope, notice.found) for notice in turn.notices]
    if turn.outcome is not None:
        due.append((session.interpreter.root, turn.outcome))
    return due


def _callbacks(workflow: Workflow, found: Found) -> list[Callable[[RunInfo], Any]]:
    if isinstance(found, Paused):
        return []
    due = [workflow.on_finish, workflow.on_error if isinstance(found, Failed) else None]
    return [callback for callback in due if callback is not None]


async def _call(callback: Callable[[RunInfo], Any], info: RunInfo, pool: Pool) -> None:
    try:
        answer = await pool(callback, info)
        if isawaitable(answer):
            await answer
    except perform.USER_ERRORS:
        logger.exception("A callback of workflow %s raised", info.workflow_id)


_STATUS: dict[type, Status] = {
    Done: Status.SUCCESS,
    Bail: Status.SUCCESS,
    Failed: Status.FAILED,
    Halted: Status.SUSPENDED,
    Canceled: Status.CANCELED,
}


def _info(session: Session, scope: Scope, found: Found) -> RunInfo:
    journal = session.journal
    status = _STATUS[type(found)]
    failed = found.entry if isinstance(found, Failed) else None
    if failed is not None and failed.tripwire is not None:
        status = Status.TRIPWIRE
    value = {
        "state": scope.entry.state or {},
        "input": scope.entry.input,
        "result": _value(found),
        "steps": records.steps(journal, scope.path),
        "request_context": dict(session.request_context),
    }
    # A copy: what a callback does to it is its own business.
    own = orjson.loads(orjson.dumps(value))
    return RunInfo(
        workflow_id=scope.workflow.id,
        run_id=session.run_id_of(scope),
        resource_id=journal.resource_id,
        request_context=own["request_context"],
        state=own["state"],
        init_data=own["input"] if _knows_input(journal, scope) else None,
        status=status.value,
        result=own["result"],
        error=failed.error if failed and status is Status.FAILED else None,
        tripwire=failed.tripwire if failed else None,
        steps={"input": own["input"]} | own["steps"],
        step_execution_path=result.execution_path(journal, scope.path),
    )


def _knows_input(journal: Journal, scope: Scope) -> bool:
    """Mastra's callbacks do, unless the workflow was restarted, or entered by time travel."""
    execution, entry = journal.execution, scope.entry
    if execution.kind == "restart":
        return entry is not journal.root and entry.starts == 1
    return execution.kind != "time_travel" or entry.begun > execution.since


def _value(found: Found) -> Json:
    if isinstance(found, Done):
        return found.value
    return found.entry.output if isinstance(found, Bail) else None


async def on_start(workflow: Workflow, info: RunInfo, pool: Pool) -> None:
    """Ask whether a run may start; what the callback raises, this does."""
    if workflow.on_start is None:
        return
    answer = await pool(workflow.on_start, info)
    if isawaitable(answer):
        await answer
