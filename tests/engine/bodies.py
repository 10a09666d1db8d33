"""Steps that tests share."""

from __future__ import annotations

from typing import Any

from runs import Step, Workflow, create_step, create_workflow

from .driver import Call

Json = Any


def flow(id: str = "w", **options: Any) -> Workflow:
    return create_workflow(id, **options)


def step(id: str, body: Any, **options: Any) -> Step:
    return create_step(id, execute=body, **options)


def adds(id: str, number: int, **options: Any) -> Step:
    """Puts out its input and ``number``."""
    return step(id, lambda ctx: ctx.input_data + number, **options)


def says(id: str, value: Json, **options: Any) -> Step:
    """Puts out ``value``, whatever it is given."""
    return step(id, lambda ctx: value, **options)


def echo(id: str, **options: Any) -> Step:
    """Puts out what it is given."""
    return step(id, lambda ctx: ctx.input_data, **options)


def asks(id: str, *, labels: tuple[str, ...] = (), **options: Any) -> Step:
    """Suspends with ``{"ask": input}``; puts out its input and the answer, as a list."""

    def body(ctx: Call) -> Json:
        if ctx.resume_data is None:
            return ctx.suspend({"ask": ctx.input_data}, labels=labels)
        return [ctx.input_data, ctx.resume_data]

    return step(id, body, **options)


def raises(id: str, raised: Exception | str = "no", *, times: int = 1000, **options: Any) -> Step:
    """Raises in its first tries, then puts out its input."""

    def body(ctx: Call) -> Json:
        if ctx.retry_count < times:
            raise RuntimeError(raised) if isinstance(raised, str) else raised
        return ctx.input_data

    return step(id, body, **options)


def bails(id: str, value: Json, **options: Any) -> Step:
    return step(id, lambda ctx: ctx.bail(value), **options)


def sets(id: str, **state: Json) -> Step:
    """Sets the state, and puts out the state it was called with."""

    def body(ctx: Call) -> Json:
        ctx.set_state(state)
        return ctx.state

    return step(id, body)
