"""Step bodies out of a case's instructions.

``compile_body`` returns what ``create_step(execute=...)`` takes. Instructions are carried out in
order until one ends the body: ``return``, ``suspend``, ``bail``, or one that raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from runs import NonRetryableError, StepContext, TripWire

from .expressions import Scope, evaluate, to_text
from .world import Process

Instruction = dict[str, Any]
Body = Callable[[StepContext[Any]], Awaitable[Any]]

#: What an instruction gives that does not end the body.
GO_ON: Final = object()


class BodyFailed(Exception):
    """The body's instructions say that it fails."""


def compile_body(step_id: str, instructions: list[Instruction], process: Process) -> Body:
    async def execute(ctx: StepContext[Any]) -> Any:
        execution = Execution(step_id, ctx, process)
        execution.note_beginning()
        ended_with = await execution.carry_out(instructions)
        return None if ended_with is GO_ON else ended_with

    return execute


def scope_of(ctx: StepContext[Any], **roots: Callable[[], Any]) -> Scope:
    """Return what expressions may read in a condition, a mapping or (with more roots) a body."""
    return Scope(
        roots={
            "input": lambda: ctx.input_data,
            "resume": lambda: ctx.resume_data,
            "suspendData": lambda: ctx.suspend_data,
            "init": ctx.get_init_data,
            "state": lambda: ctx.state,
            "retry": lambda: ctx.retry_count,
            "iter": lambda: ctx.iteration_count,
            "aborted": lambda: ctx.abort_signal.aborted,
            "workflowId": lambda: ctx.workflow_id,
            "runId": lambda: ctx.run_id,
            **roots,
        },
        keyed={"steps": ctx.get_step_result, "ctx": ctx.request_context.get},
    )


class Execution:
    """One execution of one body."""

    def __init__(self, step_id: str, ctx: StepContext[Any], process: Process) -> None:
        self.step_id = step_id
        self.ctx = ctx
        self.process = process
        # Cases see the signal as it was when the body began or last waited for it.
        self.aborted = ctx.abort_signal.aborted
        number = process.count_execution(step_id)
        self.scope = scope_of(ctx, n=lambda: number, aborted=lambda: self.aborted)

    def note_beginning(self) -> None:
        entry = {"step": self.step_id, "input": self.ctx.input_data}
        if self.ctx.resume_data is not None:
            entry["resume"] = self.ctx.resume_data
        if self.ctx.suspend_data is not None:
            entry["suspendData"] = self.ctx.suspend_data
        if self.ctx.retry_count:
            entry["retry"] = self.ctx.retry_count
        self.process.note(entry)

    async def carry_out(self, instructions: list[Instruction]) -> Any:
        """Return what the body ends with, or GO_ON when it has not ended."""
        for instruction in instructions:
            name = next((name for name in _INSTRUCTIONS if name in instruction), None)
            if name is None:
                raise ValueError(f"unknown instruction {instruction}")
            ended_with = await _INSTRUCTIONS[name](self, instruction)
            if ended_with is not GO_ON:
                return ended_with
        return GO_ON

    def value(self, expression: Any) -> Any:
        return evaluate(expression, self.scope)

    async def choose(self, instruction: Instruction) -> Any:
        holds = self.value(instruction["if"]) is True
        return await self.carry_out(instruction.get("do" if holds else "else") or [])

    async def give(self, instruction: Instruction) -> Any:
        return self.value(instruction["return"])

    async def suspend(self, instruction: Instruction) -> Any:
        label = self.value(instruction.get("label"))
        marked = self.ctx.suspend(self.value(instruction["suspend"]), resume_label=label)
        return self.value(instruction["output"]) if "output" in instruction else marked

    async def bail(self, instruction: Instruction) -> Any:
        return self.ctx.bail(self.value(instruction["bail"]))

    async def fail(self, instruction: Instruction) -> Any:
        raise BodyFailed(to_text(self.value(instruction["fail"])))

    async def fail_for_good(self, instruction: Instruction) -> Any:
        raise NonRetryableError(to_text(self.value(instruction["failFatal"])))

    async def fail_raw(self, instruction: Instruction) -> Any:
        thrown = self.value(instruction["failRaw"])
        # Python raises exceptions only: one with the thrown value's message stands for it.
        raise BodyFailed(to_text(thrown["message"] if isinstance(thrown, dict) else thrown))

    async def trip(self, instruction: Instruction) -> Any:
        wire = instruction["tripwire"]
        raise TripWire(
            wire.get("reason") or "", retry=wire.get("retry"), metadata=wire.get("metadata")
        )

    async def set_state(self, instruction: Instruction) -> Any:
        self.ctx.set_state(self.value(instruction["setState"]))
        return GO_ON

    async def write(self, instruction: Instruction) -> Any:
        self.ctx.writer.write(self.value(instruction["write"]))
        return GO_ON

    async def write_custom(self, instruction: Instruction) -> Any:
        self.ctx.writer.custom(self.value(instruction["custom"]))
        return GO_ON

    async def wait(self, instruction: Instruction) -> Any:
        with self.process.holding():
            await asyncio.sleep(instruction["wait"] / 1000)
        return GO_ON

    async def wait_for_abort(self, instruction: Instruction) -> Any:
        with self.process.holding():
            await self.ctx.abort_signal.await_aborted(instruction["waitAbort"] / 1000)
        self.aborted = self.ctx.abort_signal.aborted
        return GO_ON

    async def abort(self, _instruction: Instruction) -> Any:
        self.ctx.abort()
        return GO_ON

    async def cancel_run(self, _instruction: Instruction) -> Any:
        await self.process.world.current_run.acancel()
        self.aborted = self.ctx.abort_signal.aborted
        return GO_ON

    async def set_context(self, instruction: Instruction) -> Any:
        key, value = instruction["setContext"]
        self.ctx.request_context[key] = self.value(value)
        return GO_ON

    async def log(self, instruction: Instruction) -> Any:
        self.process.note({"step": self.step_id, "note": self.value(instruction["log"])})
        return GO_ON

    async def crash(self, _instruction: Instruction) -> Any:
        self.process.crashed.set()
        return await asyncio.Event().wait()


_INSTRUCTIONS: dict[str, Callable[[Execution, Instruction], Awaitable[Any]]] = {
    "return": Execution.give,
    "if": Execution.choose,
    "suspend": Execution.suspend,
    "bail": Execution.bail,
    "fail": Execution.fail,
    "failFatal": Execution.fail_for_good,
    "failRaw": Execution.fail_raw,
    "tripwire": Execution.trip,
    "setState": Execution.set_state,
    "write": Execution.write,
    "custom": Execution.write_custom,
    "wait": Execution.wait,
    "waitAbort": Execution.wait_for_abort,
    "abort": Execution.abort,
    "cancelRun": Execution.cancel_run,
    "setContext": Execution.set_context,
    "log": Execution.log,
    "crash": Execution.crash,
}
