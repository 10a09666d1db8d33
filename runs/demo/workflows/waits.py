"""Sleeping between steps: the run waits in the database, no worker is kept busy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from runs import StepContext, create_step, create_workflow

from .shapes import Number, Shape


class Day(Shape):
    day: str
    pause_ms: Number = 200


class Metrics(Shape):
    day: str
    visits: Number
    pause_ms: Number


class Report(Shape):
    report: str


@create_step(id="gather-metrics")
def gather_metrics(ctx: StepContext[Day]) -> Metrics:
    day = ctx.input_data
    return Metrics(day=day.day, visits=100 * len(day.day), pause_ms=day.pause_ms)


@create_step(id="render-report")
def render_report(ctx: StepContext[Metrics]) -> Report:
    return Report(report=f"{ctx.input_data.day}: {ctx.input_data.visits} visits")


def requested_pause_seconds(ctx: StepContext[Any]) -> float:
    return float(ctx.input_data["pauseMs"]) / 1000


def in_a_moment(ctx: StepContext[Any]) -> datetime:
    return datetime.now(UTC) + timedelta(milliseconds=50)


nightly_report = (
    create_workflow(
        id="nightly-report",
        description="Sleeps for a fixed time, for a computed time, and until a computed date",
    )
    .then(gather_metrics)
    .sleep(0.15)
    .sleep(requested_pause_seconds)
    .sleep_until(in_a_moment)
    .then(render_report)
    .commit()
)
