"""The methods by which a run is made to go: each is the function of that name in ``operations``.

They are on the model because a run is one noun; what they do is not, because only one module
changes runs. Coroutine twins have Django's ``a`` in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runs.engine.result import WorkflowResult
    from runs.operations.plan import TravelPlan
    from runs.worker.stream import RunStream


class RunCalls:
    """Mastra's ``Run``, in Python's spelling."""

    def start(self, input_data: Any = None, **options: Any) -> WorkflowResult:
        """Start the run and wait for its outcome; see ``operations.start``."""
        return _operations().start(self, input_data, **options)

    def start_async(self, input_data: Any = None, **options: Any) -> int:
        """Start the run and return once that is stored: the number of the first event to come."""
        return _operations().start_async(self, input_data, **options)

    def stream(self, input_data: Any = None, **options: Any) -> RunStream:
        """Start the run and iterate over its events."""
        return _operations().stream(self, input_data, **options)

    def resume(self, resume_data: Any = None, **options: Any) -> WorkflowResult:
        """Answer a suspension and wait for the outcome; see ``operations.resume``."""
        return _operations().resume(self, resume_data, **options)

    def resume_async(self, resume_data: Any = None, **options: Any) -> int:
        """Answer a suspension and return once that is stored."""
        return _operations().resume_async(self, resume_data, **options)

    def resume_stream(self, resume_data: Any = None, **options: Any) -> RunStream:
        """Answer a suspension and iterate over the events that follow."""
        return _operations().resume_stream(self, resume_data, **options)

    def cancel(self) -> None:
        """Cancel the run; a finished one is left alone."""
        _operations().cancel(self)

    def restart(self, **options: Any) -> WorkflowResult:
        """Go on with a run whose process died; see ``operations.restart``."""
        return _operations().restart(self, **options)

    def restart_async(self, **options: Any) -> int | None:
        """Restart and return once that is stored; None if the run is finished."""
        return _operations().restart_async(self, **options)

    def time_travel(self, step: Any, **options: Any) -> WorkflowResult:
        """Run again from a step on, as a new attempt; see ``operations.time_travel``."""
        return _operations().time_travel(self, step, **options)

    def time_travel_async(self, step: Any, **options: Any) -> int:
        """Time travel and return once that is stored."""
        return _operations().time_travel_async(self, step, **options)

    def plan_time_travel(self, step: Any, **options: Any) -> TravelPlan:
        """What ``time_travel`` with these arguments would keep and run again; changes nothing."""
        return _operations().plan_time_travel(self, step, **options)

    def time_travel_stream(self, step: Any, **options: Any) -> RunStream:
        """Time travel and iterate over the events."""
        return _operations().time_travel_stream(self, step, **options)

    def observe(self, offset: int = 0) -> RunStream:
        """Iterate over the run's events from number ``offset`` on, then live."""
        return _operations().observe(self, offset)

    async def astart(self, input_data: Any = None, **options: Any) -> WorkflowResult:
        return await _operations().astart(self, input_data, **options)

    async def astart_async(self, input_data: Any = None, **options: Any) -> int:
        return await _operations().astart_async(self, input_data, **options)

    async def astream(self, input_data: Any = None, **options: Any) -> RunStream:
        return await _operations().astream(self, input_data, **options)

    async def aresume(self, resume_data: Any = None, **options: Any) -> WorkflowResult:
        return await _operations().aresume(self, resume_data, **options)

    async def aresume_async(self, resume_data: Any = None, **options: Any) -> int:
        return await _operations().aresume_async(self, resume_data, **options)

    async def aresume_stream(self, resume_data: Any = None, **options: Any) -> RunStream:
        return await _operations().aresume_stream(self, resume_data, **options)

    async def acancel(self) -> None:
        await _operations().acancel(self)

    async def arestart(self, **options: Any) -> WorkflowResult:
        return await _operations().arestart(self, **options)

    async def arestart_async(self, **options: Any) -> int | None:
        return await _operations().arestart_async(self, **options)

    async def atime_travel(self, step: Any, **options: Any) -> WorkflowResult:
        return await _operations().atime_travel(self, step, **options)

    async def atime_travel_async(self, step: Any, **options: Any) -> int:
        return await _operations().atime_travel_async(self, step, **options)

    async def aplan_time_travel(self, step: Any, **options: Any) -> TravelPlan:
        return await _operations().aplan_time_travel(self, step, **options)

    async def atime_travel_stream(self, step: Any, **options: Any) -> RunStream:
        return await _operations().atime_travel_stream(self, step, **options)

    async def aobserve(self, offset: int = 0) -> RunStream:
        return await _operations().aobserve(self, offset)


def _operations() -> Any:
    from runs import operations

    return operations
