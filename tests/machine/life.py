"""One run of a random workflow, through calls of every kind and deaths of its process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from runs import Step, StepContext, Workflow, testing
from runs.definition.registry import isolated_registry
from runs.engine.result import WorkflowResult
from runs.exceptions import RequestError
from runs.models import Run
from runs.operations import find_run
from runs.worker import faults, feed
from tests.conformance.build import Builder
from tests.conformance.world import Process, World

from .cases import Case

Json = Any
RUN_ID = "r"
#: How a call is made: blocking or on an event loop, waiting or streaming.
HOW = ("thread", "loop", "thread stream", "loop stream")
_STREAMS = {"start": "stream", "resume": "resume_stream", "time_travel": "time_travel_stream"}


@dataclass
class Call:
    """What came of one call of the run: a result, a refusal, or the death of the process."""

    method: str
    result: WorkflowResult | None = None
    refused: RequestError | None = None
    died: bool = False
    #: What the stream of this very call gave; None if it was no stream.
    streamed: list[Json] | None = None
    #: Paths of the bodies that began, in order.
    executed: list[str] = field(default_factory=list)


class Life:
    """``live`` collects what listeners in this process are told, over all calls."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.live: list[tuple[int, Json]] = []
        self.executed: list[str] = []
        self._world = World()
        self._registry = ExitStack()
        self._boot()
        self.workflow.create_run(run_id=RUN_ID)
        self.run = find_run("main", RUN_ID)
        self._deafen = feed.subscribe(self.run.pk, lambda *told: self.live.append(told))

    def end(self) -> None:
        self._deafen()
        self._registry.close()
        Run.objects.all().delete()

    def row(self) -> Run:
        return Run.objects.get(pk=self.run.pk)

    # --- processes ----------------------------------------------------------------------------

    def _boot(self) -> None:
        """Define the workflows anew, as a process that starts does."""
        self._registry.close()
        self._registry.enter_context(isolated_registry())
        builder = _Witness(self.case, Process(self._world), self.executed.append)
        self.workflow: Workflow = builder.workflow("main")

    def _die(self) -> None:
        testing.crash()
        self._boot()

    # --- calls --------------------------------------------------------------------------------

    def call(
        self, method: str, *arguments: Json, how: str = "thread", deadly: int = 0, **options: Json
    ) -> Call:
        """Call a method of the run; the process dies at the ``deadly``-th chance, if it comes."""
        self.run = find_run("main", RUN_ID)
        self.run.execution_mode = "inline"
        self._world.current_run = self.run
        self.executed.clear()
        call = Call(method)
        try:
            with faults.planned(_countdown(deadly)):
                self._make(call, how, arguments, options)
        except faults.ProcessDied:
            call.died = True
            self._die()
        except RequestError as error:
            call.refused = error
        call.executed = list(self.executed)
        return call

    def _make(self, call: Call, how: str, arguments: Any, options: Any) -> None:
        name = _STREAMS.get(call.method) if how.endswith("stream") else None
        if how.startswith("loop"):
            asyncio.run(self._make_on_loop(call, name, arguments, options))
        elif name is None:
            call.result = getattr(self.run, call.method)(*arguments, **options)
        else:
            stream = getattr(self.run, name)(*arguments, **options)
            call.streamed = []
            for event in stream:
                call.streamed.append(event)
            call.result = stream.result()

    async def _make_on_loop(
        self, call: Call, name: str | None, arguments: Any, options: Any
    ) -> None:
        made = await getattr(self.run, f"a{name or call.method}")(*arguments, **options)
        if name is not None:
            call.streamed = []
            async for event in made:
                call.streamed.append(event)
            made = await made.aresult()
        call.result = made


class _Witness(Builder):
    """Builds workflows whose bodies tell at which path of the run they begin."""

    def __init__(self, case: Case, process: Process, saw: Callable[[str], None]) -> None:
        super().__init__(case, process)
        self._saw = saw

    def _step(self, step_id: str, described: dict[str, Any]) -> Step:
        step = super()._step(step_id, described)

        async def execute(ctx: StepContext[Any]) -> Any:
            self._saw(ctx.logger.extra["step"])  # type: ignore[index]
            return await step.execute(ctx)

        return replace(step, execute=execute)


def _countdown(deadly: int) -> Callable[[faults.Point, str], bool]:
    chances = iter(range(deadly, 0, -1))
    return lambda point, step_id: next(chances, 0) == 1
