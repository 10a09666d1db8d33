"""What lifecycle callbacks are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from runs.engine.outcomes import Scope

if TYPE_CHECKING:
    from runs.worker.session import Session

Json = Any


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a callback is told. ``steps`` are Mastra's records by id, with ``input``."""

    workflow_id: str
    run_id: str
    resource_id: str | None
    request_context: dict[str, Json]
    state: dict[str, Json]
    init_data: Json = None
    status: str | None = None
    result: Json = None
    error: dict[str, Json] | None = None
    tripwire: dict[str, Json] | None = None
    steps: dict[str, Json] | None = None
    step_execution_path: list[str] = field(default_factory=list)

    def get_init_data(self) -> Json:
        """The run's input; None after a restart or time travel."""
        return self.init_data


def of_start(session: Session, scope: Scope) -> RunInfo:
    """What a nested workflow's ``on_start`` is told: nothing of it has begun."""
    # Copies: what a callback does to them is its own business.
    given = {"state": scope.entry.state or {}, "input": scope.entry.input}
    given = orjson.loads(orjson.dumps(given))
    return RunInfo(
        workflow_id=scope.workflow.id,
        run_id=session.run_id_of(scope),
        resource_id=session.journal.resource_id,
        request_context=dict(session.request_context),
        state=given["state"],
        init_data=given["input"],
    )
