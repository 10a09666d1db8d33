"""Calling user code: the only place that does.

A body's return, its exceptions and what it asked of its context become one :class:`Report`. No
exception of user code leaves this module, but for one: a transactional body that found the database
away lets it through, as the commit would that was to follow.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction

from runs.conf import conf
from runs.definition.misfit import SchemaError
from runs.definition.nodes import MapNode
from runs.definition.serialize import to_json
from runs.definition.truth import truthy
from runs.engine.outcomes import (
    Answer,
    Bailed,
    Decide,
    Execute,
    Succeeded,
    Suspended,
    Threw,
)
from runs.exceptions import (
    NonRetryableError,
    NotSerializable,
    PayloadTooLarge,
    StepRequestContextInvalid,
    StepTimeout,
    TripWire,
)
from runs.store.outage import is_outage
from runs.worker import faults, run_info
from runs.worker.context import StepContext
from runs.worker.limits import checked, sized
from runs.worker.run_info import RunInfo

if TYPE_CHECKING:
    from runs.worker.session import Session

Json = Any
#: Runs a blocking call somewhere it may block, and awaits it.
Pool = Callable[[Callable[[Any], Any], Any], Awaitable[Any]]
#: What user code may raise without this process being meant. A body that calls sys.exit() fails its
#: step; Ctrl-C is the caller's, and cancelling a coroutine the loop's.
USER_ERRORS = (Exception, SystemExit)
logger = logging.getLogger("runs.worker")


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a command, and the state its body set (only if it ended well)."""

    answer: Answer
    state: dict[str, Json] | None = None
    #: What may be thrown away once this is stored.
    receipt: int | None = None


class _NotBegun(Exception):
    """What kept a body from being called; no doing of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


# --- steps -----------------------------------------------------------------------------------


async def execute(command: Execute, session: Session, pool: Pool) -> Report:
    """Run a body once, on the loop if it is a coroutine function, else through ``pool``."""
    prepared = prepare(command, session)
    if isinstance(prepared, Report):
        return prepared
    body, ctx = prepared
    limit = asyncio.timeout(limit_of(command))
    try:
        async with limit:
            faults.reach("before", command.entry.step_id)
            if never_blocks(command):
                returned = body(ctx)
            else:
                returned = await _blocking(partial(_proved, session, body), ctx, pool)
            if isawaitable(returned):
                returned = await returned
            faults.reach("after", command.entry.step_id)
    except _NotBegun as obstacle:
        raise obstacle.error from obstacle
    except USER_ERRORS as error:
        return timed_out(command) if limit.expired() else failed(command, error)
    except asyncio.CancelledError as error:
        if _is_being_canceled():
            raise
        return failed(command, error)
    return finished(command, ctx, returned)


async def _blocking(function: Callable[[Any], Any], ctx: Any, pool: Pool) -> Any:
    """Call through a pool. What the function raises travels as a value: a future takes no
    StopIteration, and a SystemExit would end the thread that waits for it."""
    returned, error = await pool(partial(_caught, function), ctx)
    if isinstance(error, StopIteration):
        raise RuntimeError(f"the body raised StopIteration({error.value!r})") from error
    if error is not None:
        raise error
    return returned


def _caught(function: Callable[[Any], Any], ctx: Any) -> tuple[Any, BaseException | None]:
    try:
        return in_savepoint(function, ctx), None
    except USER_ERRORS as error:
        return None, error


def _proved(session: Session, function: Callable[[Any], Any], ctx: Any) -> Any:
    """Call, unless the run was taken over while this waited for a thread."""
    try:
        session.prove()
    except Exception as error:
        raise _NotBegun(error) from error
    return function(ctx)


def _is_being_canceled() -> bool:
    """Whether this task itself is canceled, and not something that its body awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def execute_here(command: Execute, session: Session) -> Report:
    """Run a plain body in the calling thread."""
    prepared = prepare(command, session)
    if isinstance(prepared, Report):
        return prepared
    return call_here(command, *prepared)


def call_here(command: Execute, body: Callable[[Any], Any], ctx: StepContext) -> Report:
    """Call a prepared plain body in this thread; raises the outage a transactional one met."""
    began = time.monotonic()
    try:
        faults.reach("before", command.entry.step_id)
        returned = in_savepoint(body, ctx)
        if type(returned) is not dict and isawaitable(returned):
            returned = async_to_sync(_awaited)(returned)
        faults.reach("after", command.entry.step_id)
    except (*USER_ERRORS, asyncio.CancelledError) as error:  # nobody cancels a thread
        if is_transactional(command) and is_outage(error):
            raise
        return failed(command, error)
    # Nobody can stop a body in its caller's thread; that it took too long is known afterwards.
    limit = limit_of(command)
    if limit is not None and time.monotonic() - began > limit:
        return timed_out(command)
    return finished(command, ctx, returned)


def is_transactional(command: Execute | Decide) -> bool:
    if isinstance(command, Decide) or isinstance(command.node, MapNode):
        return False
    return command.node.step.transactional


def is_plain(command: Execute) -> bool:
    """Whether the body needs no event loop."""
    node = command.node
    return not (node.is_async if isinstance(node, MapNode) else node.step.is_async)


async def call(function: Callable[[Any], Any], ctx: Any) -> Any:
    """A pool for a loop that may be blocked, in a thread that belongs to this one run."""
    return await sync_to_async(_called, thread_sensitive=True)(function, ctx)


def _called(function: Callable[[Any], Any], ctx: Any) -> Any:
    return function(ctx)


def in_savepoint(function: Callable[[Any], Any], ctx: Any) -> Any:
    """Call user code; a failing statement of its spoils no transaction of the caller's."""
    if not connection.in_atomic_block:
        return function(ctx)
    with transaction.atomic():
        return function(ctx)


def never_blocks(command: Execute) -> bool:
    """Whether calling the body returns at once: a coroutine, or a mapping that only picks."""
    node = command.node
    if isinstance(node, MapNode):
        return iscoroutinefunction(node.execute) or not node.calls_user_code
    return node.step.is_async


def prepare(
    command: Execute, session: Session
) -> tuple[Callable[[Any], Any], StepContext] | Report:
    """The body to call and its context; or the report, if the try fails before it begins."""
    if command.problem is not None:
        return failed(command, command.problem)
    step = None if isinstance(command.node, MapNode) else command.node.step
    ctx = StepContext(session, command.scope, command.entry, command.entry.input, step=step)
    if step is not None and step.request_context_schema is not None and command.scope.validates:
        try:
            step.request_context_schema.validate(dict(session.request_context))
        except SchemaError as error:
            head = f"Step request context validation failed for step '{step.id}': "
            problem = StepRequestContextInvalid("\n".join([head, *error.lines()]))
            return failed(command, problem)
    return (step.execute if step is not None else command.node.execute), ctx  # type: ignore[union-attr]


def finished(command: Execute, ctx: StepContext, returned: Any) -> Report:
    """What a body that returned came to. Suspending outweighs bailing."""
    ctx.end_well()
    try:
        answer = _answer(command.entry.step_id, ctx, returned)
        if ctx.next_state is not None:
            where = f"The state with what step {command.entry.step_id!r} sets"
            sized((command.scope.entry.state or {}) | ctx.next_state, where)
    except (NotSerializable, PayloadTooLarge) as error:
        return Report(Threw(error_of(error), retryable=False))
    return Report(answer, ctx.next_state)


def _answer(step_id: str, ctx: StepContext, returned: Any) -> Answer:
    where = f"The output of step {step_id!r}"
    if ctx.suspension is None and ctx.bailed is None:
        return Succeeded(checked(returned, where))
    output = to_json(returned, where=where)
    if ctx.suspension is not None:
        payload, labels = ctx.suspension
        asked = sized(payload, f"What step {step_id!r} suspends with")
        return Suspended(asked, sized(output, where), labels, ctx.assignees)
    assert ctx.bailed is not None
    return Bailed(sized(ctx.bailed[0], f"What step {step_id!r} bails with"))


def failed(command: Execute | Decide, error: BaseException) -> Report:
    """What a body that raised came to."""
    if isinstance(error, TripWire):
        return _tripped(command, error)
    logger.info("Step %s raised %s", command.path, error, exc_info=error)
    return Report(Threw(error_of(error), retryable=not isinstance(error, NonRetryableError)))


def _tripped(command: Execute | Decide, error: TripWire) -> Report:
    tripwire = {"reason": error.reason, "retry": error.retry, "metadata": error.metadata}
    given = {name: value for name, value in tripwire.items() if value is not None}
    try:
        where = f"The tripwire of step {command.entry.step_id!r}"
        shown = sized(to_json(given, where=where), where)
    except (NotSerializable, PayloadTooLarge) as problem:
        return Report(Threw(error_of(problem), retryable=False))
    return Report(Threw(error_of(error), tripwire=shown))


def error_of(error: BaseException) -> dict[str, Json]:
    """The stored form of an exception: ``{message, name, code?}``, without its traceback."""
    stored: dict[str, Json] = {"message": _text(error), "name": type(error).__name__}
    code = getattr(error, "code", None)
    return stored | {"code": code} if isinstance(code, str) else stored


def _text(error: BaseException) -> str:
    """What an error says, in text that any database takes."""
    try:
        said = str(error)
    except Exception:
        said = "(it cannot say what it is)"
    text = said.encode(errors="replace").decode().replace("\x00", "\ufffd")
    limit = conf.MAX_PAYLOAD_BYTES // 4  # a character has at most four bytes
    return text if len(text) <= limit else text[:limit] + "… (cut: RUNS_MAX_PAYLOAD_BYTES)"


def limit_of(command: Execute) -> float | None:
    """Seconds that a try of the step may take."""
    return None if isinstance(command.node, MapNode) else command.node.step.timeout


def timed_out(command: Execute) -> Report:
    text = f"Step {command.node.id!r} took longer than {limit_of(command):g} s"
    return failed(command, StepTimeout(text))


# --- conditions and other functions that direct the flow -------------------------------------


async def decide(command: Decide, session: Session, pool: Pool) -> Report:
    """Ask the functions of a decision; their answer in the form that the interpreter reads."""
    answers = []
    for function in command.functions:
        try:
            value = await _blocking(function, _context(command, session), pool)
            answers.append(await value if isawaitable(value) else value)
        except USER_ERRORS as error:
            if command.kind != "branch":
                return failed(command, error)
            answers.append(_false_condition(command, error))
    return _decided(command, answers)


def decide_here(command: Decide, session: Session) -> Report:
    """The same in the calling thread; only a coroutine function needs a loop."""
    answers = []
    for function in command.functions:
        try:
            value = in_savepoint(function, _context(command, session))
            answers.append(async_to_sync(_awaited)(value) if isawaitable(value) else value)
        except USER_ERRORS as error:
            if command.kind != "branch":
                return failed(command, error)
            answers.append(_false_condition(command, error))
    return _decided(command, answers)


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def _context(command: Decide, session: Session) -> StepContext | RunInfo:
    if command.kind == "on_start":
        return run_info.of_start(session, command.scope)
    return StepContext(
        session, command.scope, command.entry, command.input, iteration=command.iteration
    )


def _false_condition(command: Decide, error: BaseException) -> bool:
    """A condition of a branch that raises does not hold."""
    logger.warning("A condition of %s raised %s", command.path, error, exc_info=error)
    return False


def _decided(command: Decide, answers: list[Any]) -> Report:
    try:
        return Report(Succeeded(_READERS[command.kind](answers)))
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        return failed(command, error)


def _moment(value: Any) -> int:
    if not isinstance(value, datetime):
        raise TypeError(f"sleep_until needs a datetime, not {type(value).__name__}")
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


_READERS: dict[str, Callable[[list[Any]], Json]] = {
    "branch": lambda answers: [index for index, value in enumerate(answers) if truthy(value)],
    "loop": lambda answers: truthy(answers[0]),
    "concurrency": lambda answers: answers[0] if isinstance(answers[0], int) else 1,
    "sleep": lambda answers: round(float(answers[0]) * 1000),
    "sleep_until": lambda answers: _moment(answers[0]),
    "on_start": lambda answers: None,
}
