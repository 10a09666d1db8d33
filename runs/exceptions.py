"""Every error this project raises, as one family.

Each class names whose fault it is and what a client may do about it: ``code`` is stable and
may be switched on, ``status`` is the HTTP status the API answers with. A class's docstring is its
default message. Where Mastra's engine gives an error an id, that id is our ``code``.

Nothing here imports Django: the pure layers raise these too.
"""

from __future__ import annotations

from typing import Any, ClassVar


class RunsError(Exception):
    """Something went wrong in a workflow run."""

    code: ClassVar[str] = "runs_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str = "", **details: Any) -> None:
        self.message = message or (type(self).__doc__ or "").partition("\n")[0]
        self.details = details
        super().__init__(self.message)


# --- wrong definitions: raised while a module with workflows is imported ----------------------


class DefinitionError(RunsError):
    """This workflow is not defined correctly."""

    code = "definition_error"


class AlreadyCommitted(DefinitionError):
    """A committed workflow cannot be changed."""

    code = "already_committed"


class DuplicateStepId(DefinitionError):
    """Two different steps of one workflow have the same id."""

    code = "duplicate_step_id"


class DuplicateWorkflow(DefinitionError):
    """Two workflows have the same id."""

    code = "duplicate_workflow"


class EmptyWorkflow(DefinitionError):
    """Execution flow of workflow is not defined. Add steps to the workflow via .then(), .branch(), etc."""  # noqa: E501

    code = "empty_workflow"
    status = 400


# --- wrong requests: nothing was changed -----------------------------------------------------


class RequestError(RunsError):
    """This request cannot be carried out."""

    code = "bad_request"
    status = 400


class InvalidInput(RequestError):
    """The data does not fit its schema."""

    code = "WORKFLOW_SCHEMA_VALIDATION_FAILED"


class InvalidRequestContext(RequestError):
    """The request context does not fit its schema."""

    code = "invalid_request_context"


class InvalidResumeData(InvalidInput):
    """The resume data does not fit the step's resume schema."""


class InvalidTarget(RequestError):
    """The step named cannot be the target of this call."""

    code = "invalid_target"


class NotAuthenticated(RequestError):
    """Authentication credentials were not provided, or are not valid."""

    code = "not_authenticated"
    status = 401


class PermissionDenied(RequestError):
    """You may not do this."""

    code = "permission_denied"
    status = 403


class InvalidSchedule(RequestError):
    """This schedule cannot work."""

    code = "invalid_schedule"


class NotFound(RequestError):
    """There is no such thing."""

    code = "not_found"
    status = 404


class WorkflowNotFound(NotFound):
    """Workflow not found"""

    code = "workflow_not_found"


class RunNotFound(NotFound):
    """Workflow run not found"""

    code = "run_not_found"


class ScheduleNotFound(NotFound):
    """Schedule not found"""

    code = "schedule_not_found"


class Conflict(RequestError):
    """The run is not in a state that allows this."""

    code = "conflict"
    status = 409


class RunAlreadyStarted(Conflict):
    """This workflow run was already started."""

    code = "run_already_started"


class IdempotencyConflict(Conflict):
    """This idempotency key was used for something else."""

    code = "idempotency_conflict"


class RunNotSuspended(Conflict):
    """This workflow run was not suspended"""

    code = "run_not_suspended"


class StepNotSuspended(Conflict):
    """This workflow step was not suspended."""

    code = "step_not_suspended"


class AmbiguousResume(Conflict):
    """Multiple suspended steps found."""

    code = "ambiguous_resume"


class AlreadyResumed(Conflict):
    """This suspended workflow run was already resumed by another caller."""

    code = "WORKFLOW_RESUME_ALREADY_CLAIMED"


class NotAssigned(RequestError):
    """This suspended step waits for somebody else."""

    code = "not_assigned"
    status = 403


class RunNotActive(Conflict):
    """This workflow run was not active"""

    code = "run_not_active"


class RunStillRunning(Conflict):
    """This workflow run is still running"""

    code = "run_still_running"


class DefinitionChanged(Conflict):
    """The workflow's definition no longer has steps that this run recorded."""

    code = "definition_changed"


class ScheduleExists(Conflict):
    """A schedule with this id already exists"""

    code = "schedule_exists"


class ScheduleDeclared(Conflict):
    """This schedule is declared in code: remove it there, or pause it"""

    code = "schedule_declared"


class NoWorkers(RunsError):
    """No worker is alive to execute this run."""

    code = "no_workers"
    status = 503


class SlowReader(RunsError):
    """This stream is read too slowly; ``details["next"]`` is the first event not read."""

    code = "slow_reader"
    status = 408


# --- what happens to a step ------------------------------------------------------------------


class StepError(RunsError):
    """A step cannot be completed."""

    code = "step_error"


class StepInputInvalid(StepError):
    """Step input validation failed"""

    code = "WORKFLOW_STEP_INPUT_VALIDATION_FAILED"


class StepRequestContextInvalid(StepError):
    """Step request context validation failed"""

    code = "WORKFLOW_STEP_REQUEST_CONTEXT_VALIDATION_FAILED"


class SuspendDataInvalid(StepError):
    """Step suspend data validation failed"""

    code = "WORKFLOW_STEP_SUSPEND_DATA_VALIDATION_FAILED"


class StateInvalid(StepError):
    """Step state data validation failed"""

    code = "state_invalid"


class StepTimeout(StepError):
    """The step took longer than its timeout."""

    code = "step_timeout"


class NotSerializable(StepError):
    """The value cannot be written as JSON."""

    code = "not_serializable"
    status = 400


class PayloadTooLarge(StepError):
    """The value is larger than RUNS_MAX_PAYLOAD_BYTES."""

    code = "payload_too_large"
    status = 413


class NonRetryableError(Exception):
    """Raise it in a step to fail at once, whatever retries are left."""


class TripWire(Exception):
    """Raise it in a step to end the run with the status ``tripwire``.

    ``retry`` tells whoever reads the result that trying again may help; the engine itself does
    not look at it. ``metadata`` is any JSON value.
    """

    def __init__(self, reason: str, *, retry: bool | None = None, metadata: Any = None) -> None:
        self.reason = reason
        self.retry = retry
        self.metadata = metadata
        super().__init__(reason)


# --- storage ---------------------------------------------------------------------------------


class StoreError(RunsError):
    """The run's record could not be written."""

    code = "store_error"


class LeaseLost(StoreError):
    """Another worker has taken this run over; nothing of this one's was written."""

    code = "lease_lost"
