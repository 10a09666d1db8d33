"""What clients send: bodies and queries, checked before anything is looked up.

Wrong ones become ``InvalidRequest`` with an issue for each thing that is wrong, in the words of the
validator that Mastra's clients know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from runs.api.errors import InvalidRequest
from runs.engine.journal import Status
from runs.engine.snapshots import FIELDS

Json = Any
#: The statuses that a list may be asked for: those of runs, and those that only steps have.
STATUSES = tuple(status.value for status in Status if status is not Status.RESUMED)
_WHOLE = re.compile(r"-?\d{1,9}")


class Shape(BaseModel):
    """Wire names are camelCase; what is not known is ignored; ``null`` is as good as absent."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, strict=True)


# --- bodies ----------------------------------------------------------------------------------


def _step(value: Json) -> Json:
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if value is None or isinstance(value, str) or is_list:
        return value
    raise PydanticCustomError("step", "Invalid input")


_STEP_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
StepPath = Annotated[Any, BeforeValidator(_step), WithJsonSchema(_STEP_SCHEMA)]
Records = dict[str, dict[str, Json]]


class NoBody(Shape):
    """A call that needs no body; whatever is sent is ignored."""


class CreateBody(Shape):
    resource_id: str | None = None


class RestartBody(Shape):
    request_context: dict[str, Json] | None = None
    tracing_options: dict[str, Json] | None = None


class StartBody(RestartBody):
    input_data: Json = None
    initial_state: dict[str, Json] | None = None
    resource_id: str | None = None
    per_step: bool | None = None


class StreamBody(StartBody):
    close_on_suspend: bool | None = None


class ResumeBody(RestartBody):
    step: StepPath = None
    resume_data: Json = None
    per_step: bool | None = None
    for_each_index: Annotated[int, Field(ge=0)] | None = None


class TimeTravelBody(RestartBody):
    step: StepPath
    input_data: Json = None
    resume_data: Json = None
    initial_state: dict[str, Json] | None = None
    context: Records | None = None
    nested_steps_context: dict[str, Records] | None = None
    per_step: bool | None = None


# --- queries ---------------------------------------------------------------------------------


def _whole(text: Json) -> Json:
    if not isinstance(text, str) or _WHOLE.fullmatch(text.strip()):
        return int(text) if isinstance(text, str) else text
    raise PydanticCustomError("whole", "Invalid input: expected number, received NaN")


def _moment(text: Json) -> Json:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else text
        return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        raise PydanticCustomError("moment", "Invalid input: expected date") from None


def one_of(options: Sequence[str]) -> Callable[[Json], Json]:
    """A validator that takes one of these texts, or none."""
    known = "|".join(f'"{option}"' for option in options)

    def check(text: Json) -> Json:
        if text is None or text in options:
            return text
        about = {"known": known}
        raise PydanticCustomError("option", "Invalid option: expected one of {known}", about)

    return check


def _fields(text: Json) -> Json:
    names = [name.strip() for name in text.split(",") if name.strip()] if text else None
    if unknown := sorted(set(names or ()) - set(FIELDS)):
        about = {"names": ", ".join(unknown), "known": ", ".join(FIELDS)}
        raise PydanticCustomError("fields", "Unknown fields: {names}. Known are: {known}", about)
    return names


def _switch(text: Json) -> Json:
    if text in (None, "true", "false"):
        return text != "false"
    raise PydanticCustomError("switch", 'Invalid option: expected one of "true"|"false"')


def _id(text: Json) -> Json:
    if isinstance(text, str) and "\0" in text:
        raise PydanticCustomError("id", "Invalid input: an id has no NUL characters")
    return text or None


def _given_id(text: Json) -> Json:
    if _id(text) is None:
        raise PydanticCustomError("id", "Invalid input: expected string, received undefined")
    return text


Id = Annotated[str | None, BeforeValidator(_id)]
Whole = Annotated[
    Annotated[int, Field(ge=0)] | None,
    BeforeValidator(_whole),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]
Moment = Annotated[
    datetime | None,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Query(Shape):
    """A query whose members are texts; ``requestContext`` of Studio is accepted and ignored."""


class WorkflowsQuery(Query):
    partial: str | None = None


class NewRunQuery(Query):
    run_id: Id = None


class RunQuery(Query):
    run_id: Annotated[str, BeforeValidator(_given_id), Field(description="The run's id.")]


class ObserveQuery(RunQuery):
    offset: Whole = None


class RunsQuery(Query):
    page: Whole = None
    per_page: Whole = None
    limit: Whole = None
    offset: Whole = None
    from_date: Moment = None
    to_date: Moment = None
    resource_id: Id = None
    status: Annotated[
        str | None,
        BeforeValidator(one_of(STATUSES)),
        WithJsonSchema({"type": "string", "enum": list(STATUSES)}),
    ] = None


class RecordQuery(Query):
    fields: Annotated[
        list[str] | None,
        BeforeValidator(_fields),
        WithJsonSchema({"type": "string", "description": "Names, parted by commas."}),
    ] = None
    with_nested_workflows: Annotated[
        bool,
        BeforeValidator(_switch),
        WithJsonSchema({"type": "string", "enum": ["true", "false"]}),
    ] = True


# --- reading them ----------------------------------------------------------------------------

S = TypeVar("S", bound=Shape)


def read_query(shape: type[S], values: dict[str, str]) -> S:
    return _read(shape, values, "Invalid query parameters")


def read_body(shape: type[S], value: Json) -> S:
    return _read(shape, {} if value is None else value, "Invalid request body")


def _read(shape: type[S], value: Json, what: str) -> S:
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        issues: dict[str, str] = {}
        for one in error.errors():
            field = ".".join(str(part) for part in one["loc"]) or "root"
            issues.setdefault(field, _message(one))
        raise InvalidRequest(what, issues) from None


_EXPECTED = {
    "string_type": "string",
    "int_type": "number",
    "int_from_float": "int",
    "bool_type": "boolean",
    "dict_type": "record",
    "list_type": "array",
    "model_type": "object",
    "model_attributes_type": "object",
}
_JS_NAMES: dict[type, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}
_MESSAGES: dict[str, Callable[[Any], str]] = {
    "extra_forbidden": lambda one: f'Unrecognized key: "{one["loc"][-1]}"',
    "string_too_short": lambda _: "Too small: expected string to have >=1 characters",
    "missing": lambda _: "Invalid input: expected string, received undefined",
    "greater_than_equal": lambda one: f"Too small: expected number to be >={one['ctx']['ge']}",
}


def _message(one: Any) -> str:
    if expected := _EXPECTED.get(one["type"]):
        if one["type"] == "int_type" and isinstance(one["input"], float):
            expected = "int"
        return f"Invalid input: expected {expected}, received {_JS_NAMES[type(one['input'])]}"
    special = _MESSAGES.get(one["type"])
    return special(one) if special else str(one["msg"])
