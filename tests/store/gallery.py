"""Small workflows that together have every kind of entry, and what to do with each of them.

Each function takes nothing and returns a :class:`Piece`; call it inside an isolated registry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runs import (
    NonRetryableError,
    RetryConfig,
    Step,
    TripWire,
    Workflow,
    create_step,
    create_workflow,
)
from runs.models import Run


@dataclass(frozen=True)
class Piece:
    """A workflow, its input, and the calls that follow its start."""

    workflow: Workflow
    input: Any
    calls: tuple[Callable[[Run], Any], ...] = ()


def step(id: str, execute: Callable[[Any], Any], **options: Any) -> Step:
    return create_step(id, execute=execute, **options)


def add(amount: int, id: str = "") -> Step:
    return step(id or f"add-{amount}", lambda ctx: {"n": ctx.input_data["n"] + amount})


def ask(id: str = "ask", **suspended: Any) -> Step:
    def body(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend({"question": ctx.input_data}, **suspended)
        return {"answer": ctx.resume_data, "asked": ctx.suspend_data}

    return step(id, body)


def chain() -> Piece:
    flow = create_workflow("chain").then(add(1)).then(add(2)).map({"m": {"value": 5}}).commit()
    return Piece(flow, {"n": 1})


def step_used_twice() -> Piece:
    once = add(1)
    return Piece(create_workflow("twice").then(once).then(once).commit(), {"n": 1})


def parallel() -> Piece:
    silent = step("silent", lambda ctx: None)
    flow = create_workflow("parallel").parallel([add(1), add(2), silent]).then(same("last"))
    return Piece(flow.commit(), {"n": 1})


def same(id: str) -> Step:
    return step(id, lambda ctx: ctx.input_data)


def branch() -> Piece:
    arms = [(lambda ctx: True, add(1)), (lambda ctx: False, add(2)), (lambda ctx: 1, add(3))]
    return Piece(create_workflow("branch").branch(arms).then(same("last")).commit(), {"n": 1})


def loop() -> Piece:
    flow = create_workflow("loop").dountil(add(1), lambda ctx: ctx.input_data["n"] >= 3)
    return Piece(flow.dowhile(add(2), lambda ctx: ctx.iteration_count < 3).commit(), {"n": 0})


def foreach() -> Piece:
    double = step("double", lambda ctx: ctx.input_data * 2)
    flow = create_workflow("foreach").foreach(double, concurrency=2).then(same("last"))
    return Piece(flow.commit(), [1, 2, 3])


def foreach_of_workflows() -> Piece:
    inner = create_workflow("inner").then(add(1)).then(add(2)).commit()
    flow = create_workflow("foreach-nested").foreach(inner, concurrency=lambda ctx: 2)
    return Piece(flow.commit(), [{"n": 1}, {"n": 2}])


def nested_twice() -> Piece:
    """A nested workflow whose first try fails, and one inside another."""

    tried: list[int] = []

    def fails_once(ctx: Any) -> Any:
        tried.append(1)
        if len(tried) == 1:
            raise ValueError("once")
        return {"n": 7}

    inner = create_workflow("inner", retry_config=RetryConfig(attempts=1))
    inner.then(add(1)).then(step("moody", fails_once)).commit()
    middle = create_workflow("middle").then(inner).then(add(4)).commit()
    outer = create_workflow("outer", retry_config=RetryConfig(attempts=1))
    return Piece(outer.then(middle).then(same("last")).commit(), {"n": 1})


def retried() -> Piece:
    def moody(ctx: Any) -> Any:
        if ctx.retry_count < 2:
            raise ValueError(f"try {ctx.retry_count}")
        return ctx.retry_count

    flow = create_workflow("retried").then(step("moody", moody, retries=3, metadata={"a": 1}))
    return Piece(flow.commit(), {})


def failed() -> Piece:
    def body(ctx: Any) -> Any:
        raise NonRetryableError("no use")

    flow = create_workflow("failed").then(add(1)).then(step("bad", body, retries=3))
    return Piece(flow.commit(), {"n": 1})


def tripped() -> Piece:
    def body(ctx: Any) -> Any:
        raise TripWire("too much", retry=True, metadata={"limit": 3})

    return Piece(create_workflow("tripped").then(step("trip", body)).commit(), {})


def bailed() -> Piece:
    leave = step("leave", lambda ctx: ctx.bail({"early": True}))
    return Piece(create_workflow("bailed").then(leave).then(add(1)).commit(), {"n": 1})


def asked() -> Piece:
    flow = create_workflow("asked").then(add(1)).then(ask(resume_label=["boss", "deputy"]))
    calls = (lambda run: run.resume({"yes": True}, label="boss"),)
    return Piece(flow.then(same("last")).commit(), {"n": 1}, calls)


def asked_twice() -> Piece:
    """Two arms of a parallel, resumed one after the other; one of them in a nested workflow."""
    inner = create_workflow("inner").then(ask("deep")).commit()
    flow = create_workflow("asked-twice").parallel([ask("near"), inner]).commit()
    calls = (
        lambda run: run.resume({"a": 1}, step="near"),
        lambda run: run.resume({"b": 2}, step=["inner", "deep"]),
    )
    return Piece(flow, {"n": 1}, calls)


def asked_for_each() -> Piece:
    flow = create_workflow("asked-each").foreach(ask("each"), concurrency=3).commit()
    calls = (
        lambda run: run.resume({"a": 1}, step="each", for_each_index=1),
        lambda run: run.resume({"b": 2}, step="each"),
    )
    return Piece(flow, [{"n": 1}, {"n": 2}, {"n": 3}], calls)


def waited() -> Piece:
    flow = create_workflow("waited").then(add(1)).sleep(0.001).sleep(lambda ctx: 0.001)
    return Piece(flow.then(same("last")).commit(), {"n": 1})


def told() -> Piece:
    def body(ctx: Any) -> Any:
        ctx.writer.write({"percent": 50})
        ctx.writer.custom({"type": "mine", "data": {"x": 1}})
        ctx.set_state({"seen": ctx.state.get("seen", 0) + 1})
        ctx.request_context["locale"] = "de"
        return ctx.state

    flow = create_workflow("told").then(step("one", body)).then(step("two", body))
    return Piece(flow.commit(), {})


def canceled() -> Piece:
    def body(ctx: Any) -> Any:
        ctx.abort()
        return {"n": 1}

    return Piece(create_workflow("canceled").then(step("stop", body)).then(add(1)).commit(), {})


def travelled() -> Piece:
    """A new attempt made of an older one, and a third made of the second."""
    inner = create_workflow("inner").then(add(1, "in-1")).then(add(2, "in-2")).commit()
    flow = create_workflow("travelled").then(add(1)).parallel([add(2), inner]).then(same("both"))
    flow.then(same("last")).commit()
    calls = (
        lambda run: run.time_travel("both"),
        lambda run: run.time_travel("last"),
        lambda run: run.time_travel(["inner", "in-2"], input_data={"n": 50}),
    )
    return Piece(flow, {"n": 1}, calls)


PIECES = (
    chain,
    step_used_twice,
    parallel,
    branch,
    loop,
    foreach,
    foreach_of_workflows,
    nested_twice,
    retried,
    failed,
    tripped,
    bailed,
    asked,
    asked_twice,
    asked_for_each,
    waited,
    told,
    canceled,
    travelled,
)
