"""A tiny driver over the interpreter: performs commands with bodies in memory, stores in memory.

Bodies take no time and the clock moves only to the end of a wait, so a run of days takes
milliseconds and every time in its outcome is known. Which of the open bodies ends next is for
``choose`` to say; ``crash`` forgets all that is not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from runs.definition.nodes import StepNode
from runs.definition.truth import truthy
from runs.definition.workflow import Workflow
from runs.engine import edits, inputs, result
from runs.engine.advance import Interpreter
from runs.engine.events import Event
from runs.engine.journal import Entry, Journal, Status
from runs.engine.outcomes import (
    Answer,
    Bailed,
    Decide,
    Execute,
    Succeeded,
    Suspended,
    Threw,
    Turn,
)
from runs.engine.result import WorkflowResult
from runs.engine.transitions import merge_state, user_part
from runs.engine.travel import Trip
from runs.exceptions import NonRetryableError, TripWire

from .journals import NOW
from .shelf import Shelf

Json = Any
Command = Execute | Decide


class Call:
    """What a body or condition is called with."""

    def __init__(self, run: Driver, command: Command, value: Json) -> None:
        self._run, self._command, self._entry = run, command, command.entry
        self.input_data = value
        self.iteration_count = command.iteration if isinstance(command, Decide) else None
        self.asked: Answer | None = None
        self.next_state: dict[str, Json] | None = None

    @property
    def resume_data(self) -> Json:
        return self._entry.resume_payload if self._entry.resuming else None

    @property
    def suspend_data(self) -> Json:
        return user_part(self._entry.suspend_payload)

    @property
    def state(self) -> dict[str, Json]:
        return dict(self._command.scope.entry.state or {})

    @property
    def retry_count(self) -> int:
        return self._entry.tries

    @property
    def request_context(self) -> dict[str, Json]:
        return self._run.journal.request_context

    def get_init_data(self) -> Json:
        return self._command.scope.entry.input

    def get_step_result(self, step: Any) -> Json:
        step_id = step if isinstance(step, str) else step.id
        found = self._run.journal.latest_of(self._command.scope.path, step_id)
        return found.output if found is not None and found.status is Status.SUCCESS else None

    def set_state(self, value: dict[str, Json]) -> None:
        self.next_state = value

    def suspend(self, payload: Json = None, *, labels: Sequence[str] = ()) -> Json:
        self.asked = Suspended(payload, labels=tuple(labels))
        return None

    def bail(self, value: Json = None) -> Json:
        self.asked = Bailed(value)
        return None


class Driver:
    """One run of a workflow: ``start`` and its like drive it to its rest."""

    def __init__(
        self, workflow: Workflow, *, choose: Callable[[list[str]], str] = lambda paths: paths[0]
    ) -> None:
        self.workflow = workflow
        self.journal = Journal(workflow.id, "r1")
        self.shelf = Shelf()
        self.choose = choose
        self.now = NOW
        #: The commands that somebody has and that have not been answered, by path.
        self.open: dict[str, Command] = {}
        #: Paths of the bodies that ran, in order (conditions are not among them).
        self.ran: list[str] = []
        self.settled = False
        self.interpreter: Interpreter
        self.last = Turn()

    # --- the calls of a run: three that drive, and the same without ---------------------------

    def start(self, input_data: Json = None, **options: Any) -> WorkflowResult:
        self.begin(input_data, **options)
        return self.drive()

    def begin(
        self,
        input_data: Json = None,
        *,
        state: dict[str, Json] | None = None,
        per_step: bool = False,
    ) -> None:
        """Start without driving."""
        edits.start(self.journal, input_data, state or {}, self.now, per_step=per_step)
        self._edited()

    def resume(self, data: Json = None, **where: Any) -> WorkflowResult:
        self.reply(data, **where)
        return self.drive()

    def reply(self, data: Json = None, **where: Any) -> None:
        """Resume without driving."""
        edits.resume(self.journal, self.workflow, data, self.now, **where)
        self._edited()

    def travel(self, *target: str, **options: Any) -> WorkflowResult:
        self.depart(*target, **options)
        return self.drive()

    def depart(
        self,
        *target: str,
        state: dict[str, Json] | None = None,
        per_step: bool = False,
        **brought: Any,
    ) -> None:
        """Time travel without driving."""
        trip = Trip(target, self.now, **brought)
        self.journal = edits.time_travel(
            self.journal, self.workflow, trip, state=state, per_step=per_step
        )
        self._edited()

    def cancel(self) -> None:
        self.journal.canceled = True
        self.shelf.cancel()

    def crash(self) -> None:
        """Die: what is not stored is lost, and another process takes over."""
        self.journal = self.shelf.load()
        self._take_up()

    def hand_over(self) -> None:
        """Give the run up in order: what is open may end, then another process takes over."""
        self.interpreter.closing = True
        while self.open and not self.settled:
            for path in list(self.open):
                self.perform(path)
            self.turn()
        if not self.settled:
            self.crash()
            self.interpreter.look_after_open()

    def _edited(self) -> None:
        self.store()
        self._take_up()

    def _take_up(self) -> None:
        self.interpreter = Interpreter(self.workflow, self.journal)
        self.open = {}
        self.settled = False

    # --- driving ------------------------------------------------------------------------------

    def drive(self) -> WorkflowResult:
        """Go on until the run comes to rest."""
        while not self.settled:
            self.step()
        return self.result()

    def step(self) -> None:
        """One turn, stored, and one answer; or, if there is nothing to do, the next wait."""
        self.turn()
        if self.settled:
            return
        if self.open:
            self.perform(self.choose(list(self.open)))
            return
        self.wait()

    def wait(self) -> None:
        """Nothing is open: let the time pass that the last turn waits for."""
        assert self.last.wake_at is not None, "nothing is open and nothing is waited for"
        self.now = max(self.now, self.last.wake_at)

    def turn(self) -> Turn:
        """One turn, its decisions made and all of it stored."""
        self.look()
        self.store()
        return self.last

    def look(self) -> None:
        """One turn with its decisions made, nothing stored."""
        self.advance()
        while decisions := [path for path, c in self.open.items() if isinstance(c, Decide)]:
            for path in decisions:
                self.perform(path)
            self.advance()

    def advance(self) -> Turn:
        """One look of the interpreter, nothing else."""
        self.last = self.interpreter.advance(self.now)
        self.open |= {command.path: command for command in self.last.commands}
        if self.last.outcome is not None and not self.settled:
            edits.settle(self.journal, self.last.outcome, self.now)
            self.settled = True
        return self.last

    def store(self) -> tuple[list[Entry], list[Event]]:
        return self.shelf.write(self.journal)

    def perform(self, path: str) -> None:
        """Run the body of an open command, and take up what came of it."""
        command = self.open[path]
        if isinstance(command, Decide):
            self.answer(path, self._decide(command))
            return
        self.ran.append(path)
        call = Call(self, command, command.entry.input)
        given = _execute(command, call)
        state = None if isinstance(given, Threw) else call.next_state
        self.answer(path, given, state)

    def answer(self, path: str, given: Answer, state: dict[str, Json] | None = None) -> None:
        """Take up an answer to an open command."""
        command = self.open.pop(path)
        if state is not None:
            merge_state(self.journal, command.scope, state)
        self.interpreter.answer(command, given, self.now)

    def _decide(self, command: Decide) -> Answer:
        try:
            answers = [f(Call(self, command, command.input)) for f in command.functions]
        except Exception as raised:
            return threw(raised)
        return Succeeded(_READERS[command.kind](answers))

    # --- looking ------------------------------------------------------------------------------

    def result(self, **options: bool) -> WorkflowResult:
        return result.of_journal(self.journal, **options)

    @property
    def told(self) -> list[str]:
        """The events stored so far, in short: ``step-start a``."""
        events = self.shelf.events
        return [f"{event.type.removeprefix('workflow-')} {event.path}".rstrip() for event in events]


def _execute(command: Execute, call: Call) -> Answer:
    if command.problem is not None:
        return threw(command.problem)
    node = command.node
    body = node.step.execute if isinstance(node, StepNode) else node.execute
    try:
        output = body(call)
    except Exception as raised:
        return threw(raised)
    if isinstance(call.asked, Suspended):
        return replace(call.asked, output=output)
    return Succeeded(output) if call.asked is None else call.asked


def threw(raised: Exception) -> Threw:
    """An exception as the answer of a try."""
    error = inputs.threw(raised).error
    if isinstance(raised, TripWire):
        tripwire = {"reason": raised.reason, "retry": raised.retry, "metadata": raised.metadata}
        shown = {name: value for name, value in tripwire.items() if value is not None}
        return Threw(error, tripwire=shown)
    return Threw(error, retryable=not isinstance(raised, NonRetryableError))


_READERS: dict[str, Callable[[list[Any]], Json]] = {
    "branch": lambda answers: [index for index, value in enumerate(answers) if truthy(value)],
    "loop": lambda answers: truthy(answers[0]),
    "concurrency": lambda answers: answers[0],
    "sleep": lambda answers: round(answers[0] * 1000),
    "sleep_until": lambda answers: round(answers[0].timestamp() * 1000),
}
