"""The answer to a suspended step: its form, made from the resume schema, and handing it over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from runs import operations
from runs.definition.schema import Schema
from runs.engine import path as paths
from runs.engine.resumes import resume_schema_at
from runs.exceptions import AlreadyResumed
from runs.forms import SchemaForm
from runs.ui.run.rows import Row
from runs.ui.run.subject import Subject

Json = Any

PREFIX = "answer"


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """The form of one suspension. ``since`` tells it from a later one of the same step."""

    path: str
    since: int | None
    url: str
    fields: SchemaForm


def form_of(about: Subject, row: Row, posted: QueryDict | None = None) -> AnswerForm:
    """An empty form, or one with what was posted; that is held against the schema."""
    schema = _schema(about, row)
    shape = schema.json_schema if schema is not None else None
    if posted is None:
        fields = SchemaForm(shape, prefix=PREFIX)
    else:
        fields = SchemaForm.posted(shape, posted, prefix=PREFIX)
        fields.check(schema)
    return AnswerForm(row.path, row.suspended_at, about.url("run-answer"), fields)


def _schema(about: Subject, row: Row) -> Schema | None:
    workflow = about.workflow
    return None if workflow is None else resume_schema_at(workflow, row.path)


def check_same(posted: QueryDict, row: Row) -> None:
    """Refuse an answer to an earlier question: the step went on, and has asked again."""
    since = posted.get("since", "")
    if since and since != str(row.suspended_at):
        raise AlreadyResumed("Somebody has answered this meanwhile; the step asks something new")


def answer(about: Subject, row: Row, data: Json, reason: str) -> None:
    """Hand an answer over; of several people one is first, the others get AlreadyResumed."""
    step, index = list(paths.step_ids(row.path)), _outermost_index(row.path)
    with about.caller.acting(reason):
        operations.resume_async(about.bound(), data, step=step, for_each_index=index)


def _outermost_index(path: str) -> int | None:
    """The item that is meant, if the step lies in a foreach."""
    for segment in path.split("/"):
        if segment.endswith("]"):
            return int(segment[segment.rindex("[") + 1 : -1])
    return None
