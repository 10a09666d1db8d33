"""Running again from a step on."""

from __future__ import annotations

from typing import ClassVar

from runs.api.bodies import Shape, TimeTravelBody
from runs.api.going import AtOnce, Awaiting, GoingView, Streaming
from runs.models import Run


class TravelingView(GoingView):
    needs = "time_travel_run"
    body: ClassVar[type[Shape]] = TimeTravelBody

    def go(self, run: Run, body: TimeTravelBody) -> int:
        return run.time_travel_async(
            step=body.step,
            input_data=body.input_data,
            resume_data=body.resume_data,
            initial_state=body.initial_state,
            context=body.context,
            nested_steps_context=body.nested_steps_context,
            request_context=body.request_context,
            per_step=bool(body.per_step),
        )


class TimeTravelView(TravelingView, AtOnce):
    """Answers at once. A trip that cannot be is only logged: look at the run."""

    summary = "Run again from a step on"
    deed, says = "taken back", "Workflow run time travel started"


class TimeTravelAsyncView(TravelingView, Awaiting):
    """Makes a new attempt, waits for its outcome. Older attempts stay readable."""

    summary = "Run again from a step on and await the outcome"


class TimeTravelStreamView(TravelingView, Streaming):
    """Streams what happens from the step on."""

    summary = "Run again from a step on and stream its events"
