"""The options of the calls that make a run go, said once for plain functions and coroutines.

A call takes them as keyword arguments; what it makes of them before it has to wait (for
``on_start``, or for a run that is about to suspend) is here as well, so that both kinds of call
do the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

from runs.definition.workflow import Workflow
from runs.models import Run
from runs.operations import begin, keys
from runs.operations.arguments import step_path
from runs.operations.begin import Begun, StartInput
from runs.worker.execution import Options
from runs.worker.run_info import RunInfo

Json = Any


class StartOptions(TypedDict, total=False):
    """``output_options``: ``include_state``, ``include_resume_labels``.

    ``per_step`` executes one entry and pauses. Under an ``idempotency_key`` that a start was made
    with already, none is made: see ``keys``.
    """

    initial_state: dict[str, Json] | None
    request_context: dict[str, Json] | None
    output_options: Options
    per_step: bool
    idempotency_key: str | None


class ResumeOptions(TypedDict, total=False):
    """``step`` is an id, a dotted path, a list of ids or steps.

    It may be left out when only one step is suspended. A ``label`` the step suspended with wins
    over it. ``for_each_index`` means one item of a foreach; without it all its suspended items get
    the data.
    """

    step: Any
    label: str | None
    for_each_index: int | None
    request_context: dict[str, Json] | None
    output_options: Options
    per_step: bool


class TravelOptions(TypedDict, total=False):
    """``input_data`` is the target's input, ``resume_data`` the answer it waits for.

    ``context`` and ``nested_steps_context`` are records that stand in for those before the target,
    by step id.
    """

    input_data: Json
    resume_data: Json
    initial_state: dict[str, Json] | None
    context: dict[str, Json] | None
    nested_steps_context: dict[str, Json] | None
    request_context: dict[str, Json] | None
    output_options: Options
    per_step: bool


Given = TypeVar("Given", StartOptions, ResumeOptions, TravelOptions)


def known(kind: type[Given], options: Given) -> Given:
    """The options, all of which the call has; TypeError for any other, as Python has it."""
    for name in options:
        if name not in kind.__annotations__:
            takes = ", ".join(kind.__annotations__)
            raise TypeError(f"There is no option {name!r}; there are {takes}")
    return options


@dataclass(frozen=True, slots=True)
class Starting:
    """A start whose arguments are good."""

    run: Run
    workflow: Workflow
    given: StartInput
    per_step: bool
    key: str | None
    #: Whether ``on_start`` is to be asked first; not if the key says that this was begun before.
    asks: bool

    @property
    def info(self) -> RunInfo:
        """What ``on_start`` is given."""
        return RunInfo(
            workflow_id=self.workflow.id,
            run_id=self.run.run_id,
            resource_id=self.run.resource_id,
            request_context=self.given.request_context,
            state=self.given.state,
            init_data=self.given.input_data,
        )

    def begin(self) -> Begun:
        return begin.start(self.run, self.given, per_step=self.per_step, key=self.key)


def starting(run: Run, input_data: Json, options: StartOptions) -> Starting:
    """Validate the arguments of a start."""
    options = known(StartOptions, options)
    workflow, key = begin.workflow_of(run), key_of(run, options)
    given = begin.check_start(
        workflow, input_data, options.get("initial_state"), options.get("request_context")
    )
    asks = workflow.on_start is not None and not keys.is_started(run, key)
    return Starting(run, workflow, given, bool(options.get("per_step")), key, asks)


def key_of(run: Run, options: StartOptions) -> str | None:
    return options.get("idempotency_key") or run.idempotency_key


def claim_resume(run: Run, seen: Run, data: Json, options: ResumeOptions) -> Begun:
    """Answer a suspension of a run that was ``seen`` suspended."""
    return begin.resume(
        run,
        seen,
        data,
        step=step_path(options.get("step")),
        label=options.get("label"),
        index=options.get("for_each_index"),
        request_context=options.get("request_context"),
        per_step=bool(options.get("per_step")),
    )
