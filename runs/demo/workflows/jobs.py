"""Steps that take long: one reports progress and can be canceled, one can be interrupted."""

from __future__ import annotations

import asyncio

from pydantic import Field

from runs import StepContext, create_step, create_workflow

from .shapes import Message, Number, Shape


class Job(Shape):
    chunks: int = Field(gt=0)
    delay_ms: int = Field(gt=0)


class JobReport(Shape):
    processed: Number
    stopped: bool


@create_step(id="process-chunks")
async def process_chunks(ctx: StepContext[Job]) -> JobReport:
    """Wait in a way that a cancel cuts short."""
    job = ctx.input_data
    for processed in range(job.chunks):
        if await ctx.abort_signal.await_aborted(job.delay_ms / 1000):
            return JobReport(processed=processed, stopped=True)
        ctx.writer.write({"kind": "progress", "processed": processed + 1, "of": job.chunks})
    return JobReport(processed=job.chunks, stopped=False)


@create_step(id="finish-job")
def finish_job(ctx: StepContext[JobReport]) -> Message:
    return Message(message=f"Processed {ctx.input_data.processed} chunks")


long_job = (
    create_workflow(id="long-job", description="Long, cancellable, reports progress")
    .then(process_chunks)
    .then(finish_job)
    .commit()
)


class Parcel(Shape):
    parcel: str
    hold_ms: int = Field(ge=0)


class PreparedParcel(Shape):
    parcel: str
    label: str
    hold_ms: int = Field(ge=0)


class Label(Shape):
    label: str


@create_step(id="prepare-shipment")
def prepare_shipment(ctx: StepContext[Parcel]) -> PreparedParcel:
    parcel = ctx.input_data
    return PreparedParcel(parcel=parcel.parcel, label=f"L-{parcel.parcel}", hold_ms=parcel.hold_ms)


@create_step(id="hold-shipment")
async def hold_shipment(ctx: StepContext[PreparedParcel]) -> Label:
    """Wait inside the step: a crash meanwhile makes the whole step run again."""
    await asyncio.sleep(ctx.input_data.hold_ms / 1000)
    return Label(label=ctx.input_data.label)


@create_step(id="dispatch-shipment")
def dispatch_shipment(ctx: StepContext[Label]) -> Message:
    return Message(message=f"Dispatched {ctx.input_data.label}")


ship_order = (
    create_workflow(
        id="ship-order",
        description="Meant to be interrupted by a server crash and restarted",
    )
    .then(prepare_shipment)
    .then(hold_shipment)
    .then(dispatch_shipment)
    .commit()
)
