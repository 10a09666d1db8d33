"""What a step's body, a condition and a mapping function are called with."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any, Protocol, TypeVar

InputT_co = TypeVar("InputT_co", covariant=True)


class AbortSignal(Protocol):
    """Fires when the run is canceled or a step calls ``abort``."""

    @property
    def aborted(self) -> bool: ...

    def wait_aborted(self, timeout_seconds: float | None = None) -> bool:
        """Block until it fires or the time is over; answer whether it fired."""
        ...

    async def await_aborted(self, timeout_seconds: float | None = None) -> bool:
        """Wait on the event loop until it fires or the time is over; answer whether it fired."""
        ...


class Writer(Protocol):
    """Adds to the run's event stream."""

    def write(self, value: Any) -> None:
        """Send a chunk of output of this step."""
        ...

    def custom(self, chunk: dict[str, Any]) -> None:
        """Send an event of your own; ``chunk`` has at least a ``type``."""
        ...


class StepContext(Protocol[InputT_co]):
    """One execution of a body: what it may read, and how it acts on its run.

    ``suspend`` and ``bail`` raise nothing: they mark the context, the body goes on until it
    returns, and what it returns after a ``suspend`` is kept beside the payload. So write
    ``return ctx.suspend(...)``.
    """

    @property
    def input_data(self) -> InputT_co: ...

    @property
    def resume_data(self) -> Any:
        """The answer this execution was resumed with, or None."""
        ...

    @property
    def suspend_data(self) -> Any:
        """The payload of the suspension that is being resumed, or None."""
        ...

    @property
    def state(self) -> Any:
        """The run's state as it was when this body began."""
        ...

    @property
    def request_context(self) -> MutableMapping[str, Any]: ...

    @property
    def run_id(self) -> str: ...

    @property
    def workflow_id(self) -> str: ...

    @property
    def resource_id(self) -> str | None: ...

    @property
    def retry_count(self) -> int:
        """0 at the first attempt."""
        ...

    @property
    def iteration_count(self) -> int | None:
        """The iteration a loop's condition is asked about, from 1."""
        ...

    @property
    def abort_signal(self) -> AbortSignal: ...

    @property
    def writer(self) -> Writer: ...

    @property
    def logger(self) -> logging.Logger | logging.LoggerAdapter[Any]: ...

    def set_state(self, value: Any) -> None:
        """Merge ``value`` into the run's state once the body has ended well."""
        ...

    def suspend(
        self,
        payload: Any = None,
        *,
        resume_label: str | list[str] | None = None,
        assignee: Any = None,
    ) -> Any:
        """Mark this execution as suspended until somebody resumes it.

        ``assignee`` says who may answer: a user, group or permission of Django, a user's name,
        ``"group:finance"``, ``"permission:shop.approve_order"``, or a list of these (any of them).
        """
        ...

    def bail(self, value: Any = None) -> Any:
        """Mark the workflow as ended well, with ``value`` as its result."""
        ...

    def abort(self) -> None:
        """Cancel the run."""
        ...

    def get_init_data(self) -> Any:
        """The input of this run of the workflow."""
        ...

    def get_step_result(self, step: Any) -> Any:
        """The output of a step (or id) of this workflow that succeeded, else None."""
        ...
