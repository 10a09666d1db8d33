"""What a body is called with: the implementation of ``definition.StepContext``."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from runs.definition.misfit import SchemaError
from runs.definition.schema import Schema
from runs.definition.serialize import to_json
from runs.engine import events
from runs.engine.journal import Entry, Status
from runs.engine.outcomes import Scope
from runs.engine.transitions import user_part
from runs.exceptions import StateInvalid, SuspendDataInvalid
from runs.worker import assignees
from runs.worker.abort import AbortSignal
from runs.worker.limits import checked

if TYPE_CHECKING:
    from runs.definition.step import Step
    from runs.worker.session import Session

Json = Any
logger = logging.getLogger("runs.step")


class Writer:
    """Adds events to the run's stream, in the order of the calls."""

    def __init__(self, session: Session, path: str, step_id: str, run_id: str) -> None:
        self._session, self._path, self._step_id, self._run_id = session, path, step_id, run_id

    def write(self, value: Any) -> None:
        where = f"What step {self._step_id!r} writes"
        output = checked(value, where)
        own = {"output": output, "step": self._step_id}
        if self._run_id != self._session.run_id:
            own["run"] = self._run_id
        self._session.tell(events.STEP_OUTPUT, self._path, own)

    def custom(self, chunk: dict[str, Any]) -> None:
        where = f"The chunk of step {self._step_id!r}"
        own = checked(chunk, where)
        self._session.tell(events.CUSTOM, self._path, own)


class StepContext:
    """One execution of a body, condition or mapping function."""

    def __init__(
        self,
        session: Session,
        scope: Scope,
        entry: Entry,
        value: Json,
        *,
        step: Step | None = None,
        iteration: int | None = None,
    ) -> None:
        self._session, self._scope, self._entry, self._step = session, scope, entry, step
        self._value = value
        self._state: tuple[Json, Any] | None = None
        self.iteration_count = iteration
        #: What the body asked for by calling suspend, bail or set_state.
        self.suspension: tuple[Json, tuple[str, ...]] | None = None
        self.assignees: tuple[str, ...] = ()
        self.bailed: tuple[Json] | None = None
        self.next_state: dict[str, Json] | None = None

    # --- what it may read ---------------------------------------------------------------------

    @cached_property
    def input_data(self) -> Any:
        schema = self._step.input_schema if self._step else None
        return _load(schema if self._scope.validates else None, self._value)

    @cached_property
    def resume_data(self) -> Any:
        if not self._entry.resuming:
            return None
        return _load(self._step.resume_schema if self._step else None, self._entry.resume_payload)

    @cached_property
    def suspend_data(self) -> Any:
        return _own(user_part(self._entry.suspend_payload))

    @property
    def state(self) -> Any:
        """A copy: what other arms set meanwhile is seen, and changing it changes nothing else."""
        text = orjson.dumps(self._scope.entry.state or {})
        if self._state is None or self._state[0] != text:
            schema = self._step.state_schema if self._step else None
            self._state = text, _load(schema, orjson.loads(text), strict=False)
        return self._state[1]

    @property
    def request_context(self) -> MutableMapping[str, Any]:
        return self._session.request_context

    @property
    def run_id(self) -> str:
        return self._session.run_id_of(self._scope)

    @property
    def workflow_id(self) -> str:
        return self._scope.workflow.id

    @property
    def resource_id(self) -> str | None:
        return self._session.journal.resource_id

    @property
    def retry_count(self) -> int:
        return self._entry.tries

    @property
    def abort_signal(self) -> AbortSignal:
        return self._session.signal

    @property
    def writer(self) -> Writer:
        return Writer(self._session, self._entry.path, self._entry.step_id, self.run_id)

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        where = {"run": self.run_id, "workflow": self.workflow_id, "step": self._entry.path}
        return logging.LoggerAdapter(logger, where)

    def get_init_data(self) -> Any:
        """The input of this run of the workflow: an instance where its schema is a model."""
        return _load(self._scope.workflow.input_schema, self._scope.entry.input, strict=False)

    def get_step_result(self, step: Any) -> Any:
        step_id = step if isinstance(step, str) else step.id
        found = self._session.journal.latest_of(self._scope.path, step_id)
        done = found is not None and found.status is Status.SUCCESS
        return _own(found.output) if found is not None and done else None

    def end_well(self) -> None:
        """The body ended well: the state it was given shows what it has set itself."""
        if self._state is not None and self.next_state is not None:
            state = self._state[1]
            if isinstance(state, dict):
                state.update(self.next_state)

    # --- how it acts on its run ---------------------------------------------------------------

    def set_state(self, value: Any) -> None:
        where = f"The state set by step {self._entry.step_id!r}"
        state = checked(value, where)
        if not isinstance(state, dict):
            raise StateInvalid("Step state data validation failed: \n- : the state is an object")
        schema = self._step.state_schema if self._step else None
        if schema is not None and self._scope.validates:
            state = _validated(schema, state, StateInvalid, "Step state data validation failed: ")
        self.next_state = state

    def suspend(
        self,
        payload: Any = None,
        *,
        resume_label: str | list[str] | None = None,
        assignee: Any = None,
    ) -> Any:
        data = to_json(payload, where=f"What step {self._entry.step_id!r} suspends with")
        schema = self._step.suspend_schema if self._step else None
        if schema is not None and self._scope.validates:
            text = "Step suspend data validation failed: "
            data = _validated(schema, data, SuspendDataInvalid, text)
        labels = [resume_label] if isinstance(resume_label, str) else resume_label or []
        self.suspension, self.assignees = (data, tuple(labels)), assignees.names(assignee)
        return None

    def bail(self, value: Any = None) -> Any:
        self.bailed = (to_json(value, where=f"What step {self._entry.step_id!r} bails with"),)
        return None

    def abort(self) -> None:
        self._session.abort()


def _load(schema: Schema | None, value: Json, *, strict: bool = True) -> Any:
    """What user code receives; without ``strict``, a value that does not fit comes as it is."""
    if schema is None or value is None:
        return _own(value)
    try:
        return schema.load(_own(value))
    except SchemaError:
        if strict:
            raise
        return value


def _own(value: Json) -> Json:
    """A copy that the body may change as it likes: what is recorded stays what it was."""
    return orjson.loads(orjson.dumps(value)) if isinstance(value, dict | list) else value


def _validated(schema: Schema, value: Json, error: type[Exception], text: str) -> Json:
    try:
        return schema.validate(value)
    except SchemaError as issues:
        raise error("\n".join([text, *issues.lines()])) from None
