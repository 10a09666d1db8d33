"""Steps: a body and what is promised about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypedDict, Unpack, overload

from runs.definition.annotations import inferred_schemas
from runs.definition.functions import is_coroutine_function
from runs.definition.ids import check_step_id
from runs.definition.schema import Schema
from runs.definition.serialize import to_json
from runs.exceptions import DefinitionError, NotSerializable

#: A step's code: called with a StepContext, plain or a coroutine function.
Body: TypeAlias = Callable[[Any], Any]

SCHEMA_OPTIONS = (
    "input_schema",
    "output_schema",
    "resume_schema",
    "suspend_schema",
    "state_schema",
    "request_context_schema",
)


class StepOptions(TypedDict, total=False):
    """What may be said about a step. Schemas come in any form that Schema.of() takes."""

    description: str
    input_schema: Any
    output_schema: Any
    resume_schema: Any
    suspend_schema: Any
    state_schema: Any
    request_context_schema: Any
    retries: int | None
    metadata: dict[str, Any] | None
    timeout: float | None
    retry_delay: float | None
    backoff: float
    jitter: float | None
    transactional: bool
    distribute: bool


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step. Two steps are the same only if they are the same object."""

    id: str
    execute: Body
    description: str = ""
    input_schema: Schema | None = None
    output_schema: Schema | None = None
    resume_schema: Schema | None = None
    suspend_schema: Schema | None = None
    state_schema: Schema | None = None
    request_context_schema: Schema | None = None
    #: Attempts after the first; None leaves it to the workflow's retry_config.
    retries: int | None = None
    metadata: dict[str, Any] | None = None
    #: Seconds one attempt may take.
    timeout: float | None = None
    #: Seconds before the second attempt; None leaves it to the workflow's retry_config.
    retry_delay: float | None = None
    #: What the delay is multiplied with after each further attempt.
    backoff: float = 1.0
    #: The share of itself by which each delay is lengthened at most, at random; None: a tenth if
    #: there is a backoff, else nothing.
    jitter: float | None = None
    #: Whether what the body writes to the database commits together with its record.
    transactional: bool = False
    #: Whether any worker may perform it, and not just the one that drives its run.
    distribute: bool = False
    is_async: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_step_id(self.id, "A step")
        object.__setattr__(self, "is_async", is_coroutine_function(self.execute))
        for problem in _problems(self):
            raise DefinitionError(f"Step {self.id!r}: {problem}")

    @property
    def can_suspend(self) -> bool:
        return self.resume_schema is not None or self.suspend_schema is not None

    def __call__(self, ctx: Any) -> Any:
        """Call the body as it is: no validation, no retries, nothing recorded."""
        return self.execute(ctx)


@overload
def create_step(id: Body, /) -> Step: ...
@overload
def create_step(
    id: str | None = None, *, execute: Body, **options: Unpack[StepOptions]
) -> Step: ...
@overload
def create_step(
    id: str | None = None, *, execute: None = None, **options: Unpack[StepOptions]
) -> Callable[[Body], Step]: ...
def create_step(
    id: str | Body | None = None, *, execute: Body | None = None, **options: Unpack[StepOptions]
) -> Step | Callable[[Body], Step]:
    """Make a step, or a decorator for its body when ``execute`` is not given.

    The id defaults to the function's name, schemas left out are taken from its annotations.
    """
    if id is not None and not isinstance(id, str):
        return _build(None, id, options)
    if execute is not None:
        return _build(id, execute, options)
    return lambda body: _build(id, body, options)


def _build(id: str | None, body: Body, options: StepOptions) -> Step:
    if not callable(body):
        raise DefinitionError(f"Step {id!r}: execute is a {type(body).__name__}, not a function")
    chosen = _function_name(body) if id is None else id
    where = f"Step {chosen!r}"
    given: dict[str, Any] = dict(options)
    sources = {name: given.pop(name, None) for name in SCHEMA_OPTIONS}
    sources |= inferred_schemas(body, where, known=sources)
    schemas: dict[str, Any] = {
        name: Schema.of(source, where=f"{where}: {name}") for name, source in sources.items()
    }
    if unknown := sorted(given.keys() - StepOptions.__annotations__.keys()):
        raise DefinitionError(f"{where}: there is no option {unknown[0]!r}")
    return Step(chosen, body, **schemas, **given)


def _function_name(body: Body) -> str:
    name = getattr(body, "__name__", "")
    if not name.isidentifier():
        raise DefinitionError("A step whose body is not a named function needs an id")
    return str(name)


def _problems(step: Step) -> list[str]:
    checks = {
        "retries is a whole number, 0 or more": step.retries is None or _is_count(step.retries),
        "timeout is a number of seconds above 0": step.timeout is None or _above_0(step.timeout),
        "retry_delay is a number of seconds, 0 or more": step.retry_delay in (None, 0)
        or _above_0(step.retry_delay),
        "backoff is a number above 0": _above_0(step.backoff),
        "jitter is a number from 0 to 1": step.jitter in (None, 0)
        or (_above_0(step.jitter) and step.jitter <= 1),
        "transactional is True or False": isinstance(step.transactional, bool),
        "a transactional step is a plain function: no coroutine can hold a transaction": not (
            step.transactional and step.is_async
        ),
        "distribute is True or False": isinstance(step.distribute, bool),
        "a transactional step is performed by who drives its run, and cannot be distributed": not (
            step.transactional and step.distribute
        ),
        "execute takes one argument, the step context": _takes_context(step.execute),
        "metadata is a dict of JSON values": _is_json_object(step.metadata),
    }
    return [rule for rule, kept in checks.items() if not kept]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _above_0(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _takes_context(body: Body) -> bool:
    try:
        inspect.signature(body).bind(None)
    except TypeError:
        return False
    except ValueError:  # some functions written in C have no signature to look at
        return True
    return True


def _is_json_object(metadata: Any) -> bool:
    try:
        return metadata is None or isinstance(to_json(metadata, where="metadata"), dict)
    except NotSerializable:
        return False
