"""What a call returns: the outcome of a run, read from its journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runs.engine import path as paths
from runs.engine import records, suspensions
from runs.engine.journal import Entry, Journal, Kind, Status
from runs.engine.transitions import user_part

Json = Any


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """The outcome of starting, resuming, restarting or time travelling a run.

    ``steps`` holds Mastra's record of each step by id (camelCase: they are what clients see) and
    ``input``. Which of the other members are set depends on ``status``: ``result`` on success,
    ``error`` (``{message, name, code?}``) on failure, ``tripwire`` on tripwire, ``suspended``
    (paths of step ids) and ``suspend_payload`` (by step id) on suspension.
    """

    run_id: str
    status: str
    input: Json
    steps: dict[str, Json]
    step_execution_path: list[str] = field(default_factory=list)
    result: Json = None
    error: dict[str, Json] | None = None
    tripwire: dict[str, Json] | None = None
    suspended: list[list[str]] | None = None
    suspend_payload: dict[str, Json] | None = None
    state: dict[str, Json] | None = None
    resume_labels: dict[str, Json] | None = None

    @property
    def succeeded(self) -> bool:
        return self.status == Status.SUCCESS

    def to_wire(self) -> dict[str, Json]:
        """The result as JSON clients get it; members without a value are left out."""
        members = {
            "status": self.status,
            "steps": self.steps,
            "input": self.input,
            "runId": self.run_id,
            "stepExecutionPath": self.step_execution_path,
            "result": self.result,
            "error": self.error,
            "tripwire": self.tripwire,
            "suspended": self.suspended,
            "suspendPayload": self.suspend_payload,
            "state": self.state,
            "resumeLabels": self.resume_labels,
        }
        return {name: value for name, value in members.items() if value is not None}


def of_journal(
    journal: Journal, *, include_state: bool = False, include_resume_labels: bool = False
) -> WorkflowResult:
    """The result of the execution that has just ended."""
    root = journal.root
    status = journal.status
    halted = suspensions.halted(journal) if status is Status.SUSPENDED else []
    labels = suspensions.labels(journal) if include_resume_labels and halted else None
    return WorkflowResult(
        run_id=journal.run_id,
        status=status.value,
        input=root.input,
        steps=_steps(journal),
        step_execution_path=execution_path(journal),
        result=root.output if status is Status.SUCCESS else None,
        error=root.error if status is Status.FAILED else None,
        tripwire=root.tripwire if status is Status.TRIPWIRE else None,
        suspended=[suspensions.suspended_path(entry) for entry in halted] or None,
        suspend_payload=_suspend_payloads(halted) if halted else None,
        state=root.state if include_state else None,
        resume_labels=labels,
    )


def execution_path(journal: Journal, scope: str = paths.ROOT) -> list[str]:
    """Ids of a workflow's own steps, nested workflows, maps and waits, in order of starting."""
    fresh = [entry for entry in journal.entries.values() if _is_listed(entry, scope)]
    fresh.sort(key=lambda entry: entry.begun)
    root = journal.get(paths.ROOT) if scope == paths.ROOT else None
    before = list(root.path_before) if root is not None else []
    return before + [entry.step_id for entry in fresh for _ in range(entry.starts)]


def _is_listed(entry: Entry, scope: str) -> bool:
    return (
        paths.parent(entry.path) == scope
        and entry.path != paths.ROOT
        and len(entry.position) == 1
        and entry.iteration is None
        and not entry.is_item
        and entry.kind not in (Kind.FOREACH, Kind.DECISION)
        and not entry.taken
    )


def _suspend_payloads(halted: list[Entry]) -> dict[str, Json]:
    return {
        entry.step_id: {} if entry.suspend_payload is None else user_part(entry.suspend_payload)
        for entry in halted
    }


def _steps(journal: Journal) -> dict[str, Json]:
    """Records by id; an input that merely repeats the output before it is left out."""
    full_records = records.steps(journal)
    shown: dict[str, Json] = dict(full_records)
    previous = journal.root.input
    for step_id in execution_path(journal):
        full = full_records.get(step_id)
        if full is None:
            continue
        shown[step_id] = dict(full)
        if full.get("payload") == previous:
            shown[step_id].pop("payload", None)
        if full["status"] == Status.SUCCESS:
            previous = full.get("output")
    return {"input": journal.root.input} | shown
