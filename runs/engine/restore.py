"""A journal from a snapshot in Mastra's form: of a run that another engine began."""

from __future__ import annotations

from typing import Any

from runs.definition.nodes import LoopNode
from runs.definition.workflow import Workflow
from runs.engine import path as paths
from runs.engine.journal import Entry, Execution, Journal, Kind, Status
from runs.engine.trip import kind_of, members

Json = Any


def from_snapshot(workflow: Workflow, snapshot: dict[str, Json]) -> Journal:
    """The journal that a snapshot shows: what it has no record of counts as never begun."""
    journal = Journal(
        workflow.id,
        snapshot["runId"],
        status=Status(snapshot.get("status") or Status.PENDING),
        request_context=dict(snapshot.get("requestContext") or {}),
        execution=Execution(kind="start", number=1),
    )
    context = dict(snapshot.get("context") or {})
    root = Entry(paths.ROOT, workflow.id, Kind.WORKFLOW, journal.status)
    root.input, root.state = context.get("input"), dict(snapshot.get("value") or {})
    root.path_before = tuple(snapshot.get("stepExecutionPath") or ())
    root.output, root.error = snapshot.get("result"), snapshot.get("error")
    journal.add(root)
    for index, node in enumerate(workflow.flow):
        for arm, member in enumerate(members(node)):
            if member.id in context:
                position = (index, arm) if len(members(node)) > 1 else (index,)
                _add(journal, node, member, position, context[member.id])
    return journal


def _add(
    journal: Journal, node: Any, member: Any, position: tuple[int, ...], record: dict[str, Json]
) -> None:
    path = paths.join(paths.ROOT, member.key)
    number = (record.get("metadata") or {}).get("iterationCount", 1)
    looped = isinstance(node, LoopNode)
    entry = Entry(
        path=paths.iteration(path, number) if looped else path,
        step_id=member.id,
        kind=kind_of(node, member),
        status=Status(record["status"]),
        position=position,
        iteration=number if looped else None,
        input=record.get("payload"),
        output=record.get("output"),
        error=record.get("error"),
        started_at=record.get("startedAt"),
        ended_at=record.get("endedAt"),
        suspend_payload=record.get("suspendPayload"),
        suspended_at=record.get("suspendedAt"),
        resume_payload=record.get("resumePayload"),
        resumed_at=record.get("resumedAt"),
        starts=0,
    )
    if looped:
        _add_earlier(journal, path, number, entry, node)
    journal.add(entry)
    if entry.status not in (Status.RUNNING, Status.WAITING):
        entry.ended = journal.next_order()


def _add_earlier(journal: Journal, path: str, number: int, entry: Entry, node: LoopNode) -> None:
    """A snapshot shows a loop's last iteration; those before it led to its input."""
    for earlier in range(1, number):
        at = paths.iteration(path, earlier)
        before = Entry(at, entry.step_id, entry.kind, Status.SUCCESS, entry.position)
        before.iteration, before.output, before.starts = earlier, entry.input, 0
        journal.add(before)
        before.ended = journal.next_order()
        verdict = paths.decision(at)
        goes_on = node.kind == "dowhile"
        journal.add(Entry(verdict, at, Kind.DECISION, Status.SUCCESS, output=goes_on))
