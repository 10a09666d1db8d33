"""What clients send about schedules."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from runs.api.bodies import Id, Query, Shape, one_of

Json = Any
STATUSES = ("active", "paused")
_MILLISECONDS = re.compile(r"\d{1,15}")


def _number(text: Json) -> Json:
    if text is None or _MILLISECONDS.fullmatch(text):
        return None if text is None else int(text)
    raise PydanticCustomError("number", "Invalid input: expected number, received NaN")


def _positive(text: Json) -> Json:
    number = _number(text)
    if number == 0:
        raise PydanticCustomError("positive", "Too small: expected number to be >0")
    return number


Status = Annotated[
    str | None,
    BeforeValidator(one_of(STATUSES)),
    WithJsonSchema({"type": "string", "enum": list(STATUSES)}),
]
Limit = Annotated[
    int | None, BeforeValidator(_positive), WithJsonSchema({"type": "integer", "minimum": 1})
]
Milliseconds = Annotated[
    int | None,
    BeforeValidator(_number),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 10**15 - 1}),
]


class ChangeScheduleBody(Shape):
    """``missed`` is ours: Mastra fires once for all that were missed."""

    cron: str | None = None
    timezone: str | None = None
    status: Status = None
    input_data: Json = None
    initial_state: dict[str, Json] | None = None
    request_context: dict[str, Json] | None = None
    resource_id: str | None = None
    metadata: dict[str, Json] | None = None
    missed: str | None = None


class CreateScheduleBody(ChangeScheduleBody):
    """Other keys are refused: a misspelt one would be a schedule that does something else."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, strict=True)

    workflow_id: Annotated[str, Field(min_length=1)]
    cron: str
    id: str | None = None


class SchedulesQuery(Query):
    workflow_id: Id = None
    resource_id: Id = None
    status: Status = None
    agent_id: Id = None
    thread_id: Id = None
    name: Id = None


class TriggersQuery(Query):
    limit: Limit = None
    from_actual_fire_at: Milliseconds = None
    to_actual_fire_at: Milliseconds = None
