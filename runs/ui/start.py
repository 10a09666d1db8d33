"""The form that starts a run, and what it does."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, QueryDict

from runs.access import Caller
from runs.definition import Workflow
from runs.definition.schema import Schema
from runs.exceptions import RequestError
from runs.forms import SchemaForm
from runs.forms.posted import MISSING
from runs.models import Run
from runs.operations import create_run, load_snapshot, start_async

Json = Any
#: The fields beside the input that are plain texts, as they are called in the form.
TEXTS = ("run_id", "resource_id", "idempotency_key")


class StartForm:
    """Input, state and request context as forms of their schemas, and who and what the run is.

    ``error`` is what was refused as a whole; errors of one value are at its field.
    """

    def __init__(self, workflow: Workflow, *, like: Run | None = None) -> None:
        self.workflow = workflow
        self.like = like
        value = MISSING if like is None else _input_of(like, workflow)
        self.input = SchemaForm(_json_schema(workflow.input_schema), value=value, title="Input")
        self.state = SchemaForm(_json_schema(workflow.state_schema), prefix="state")
        self.context = SchemaForm(_json_schema(workflow.request_context_schema), prefix="context")
        self.texts = dict.fromkeys(TEXTS, "")
        self.texts["resource_id"] = (like and like.resource_id) or ""
        self.error = ""

    @classmethod
    def posted(cls, workflow: Workflow, data: QueryDict) -> StartForm:
        form = cls(workflow)
        form.input = SchemaForm.posted(_json_schema(workflow.input_schema), data, title="Input")
        form.state = SchemaForm.posted(_json_schema(workflow.state_schema), data, prefix="state")
        form.context = SchemaForm.posted(
            _json_schema(workflow.request_context_schema), data, prefix="context"
        )
        form.texts = {name: data.get(name, "").strip() for name in TEXTS}
        return form

    @property
    def is_open(self) -> bool:
        """Whether the fields that few people need are to be shown at once."""
        mandatory = self.workflow.state_schema or self.workflow.request_context_schema
        return bool(mandatory or any(self.texts.values()) or self.state.errors)

    def check(self) -> bool:
        checks = (
            self.input.check(self._checked(self.workflow.input_schema)),
            self.state.check(self._checked(self.workflow.state_schema)),
            self.context.check(self._checked(self.workflow.request_context_schema)),
        )
        return all(checks)

    def _checked(self, schema: Schema | None) -> Schema | None:
        return None if self.workflow.validate_inputs is False else schema

    def start(self, caller: Caller) -> Run | None:
        """The started run; None where it was refused, and then the form says why."""
        if not self.check():
            return None
        texts = {name: value or None for name, value in self.texts.items()}
        try:
            with caller.acting():
                run = create_run(
                    self.workflow,
                    run_id=texts["run_id"],
                    resource_id=caller.resource_for(texts["resource_id"]),
                    idempotency_key=texts["idempotency_key"],
                )
                start_async(
                    run,
                    self.input.json_value,
                    initial_state=self.state.json_value,
                    request_context=self.context.json_value,
                )
        except RequestError as error:
            self.error = error.message
            return None
        return run


def _json_schema(schema: Schema | None) -> dict[str, Any] | None:
    return None if schema is None else schema.json_schema


def run_to_repeat(request: HttpRequest, workflow: Workflow, caller: Caller) -> Run | None:
    """The run that ``?from=`` names, to be started once more or a little changed."""
    run_id = request.GET.get("from", "")
    if not run_id or not caller.may("view_payload"):
        return None
    return caller.find_run(workflow.id, run_id)


def _input_of(run: Run, workflow: Workflow) -> Json:
    snapshot = load_snapshot(workflow, run.run_id) or {}
    return snapshot.get("context", {}).get("input", MISSING)
