"""A step repeated until, and a step repeated while, its own output meets a condition."""

from __future__ import annotations

from pydantic import Field

from runs import StepContext, create_step, create_workflow

from .shapes import Message, Number, Shape


class Start(Shape):
    start: int = Field(alias="from", ge=1, le=100)


class Count(Shape):
    value: Number
    ticks: Number


@create_step(id="init-countdown")
def init_countdown(ctx: StepContext[Start]) -> Count:
    return Count(value=ctx.input_data.start, ticks=0)


@create_step(id="tick")
def tick(ctx: StepContext[Count]) -> Count:
    return Count(value=ctx.input_data.value - 1, ticks=ctx.input_data.ticks + 1)


@create_step(id="rewind")
def rewind(ctx: StepContext[Count]) -> Count:
    return Count(value=ctx.input_data.value + 1, ticks=ctx.input_data.ticks + 1)


@create_step(id="liftoff")
def liftoff(ctx: StepContext[Count]) -> Message:
    count = ctx.input_data
    return Message(message=f"Liftoff after {count.ticks} ticks at {count.value}")


countdown = (
    create_workflow(id="countdown", description="Loops: down until zero, then up while below two")
    .then(init_countdown)
    .dountil(tick, lambda ctx: ctx.input_data["value"] <= 0)
    .dowhile(rewind, lambda ctx: ctx.input_data["value"] < 2)
    .then(liftoff)
    .commit()
)
