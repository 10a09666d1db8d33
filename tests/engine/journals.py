"""Constructors that make journals readable.

    journal(a=done(2), p__x=suspended({"ask": 1}))

is a run of which step ``a`` has put out 2 and ``x``, inside the nested workflow ``p``, waits for an
answer. ``__`` stands for the slash; paths with marks are given as a dict: ``{"ship[3]": done(1)}``.
"""

from __future__ import annotations

from typing import Any

from runs.definition.workflow import Workflow
from runs.engine import path as paths
from runs.engine.advance import Interpreter
from runs.engine.journal import Entry, Execution, Journal, Kind, Status
from runs.engine.outcomes import Execute, Turn

Json = Any
Fields = dict[str, Any]

#: When tests happen, in milliseconds.
NOW = 1000

_AT_REST = frozenset({Status.SUCCESS, Status.FAILED, Status.BAILED, Status.SUSPENDED})


def running(**fields: Any) -> Fields:
    return {"status": Status.RUNNING, "started_at": NOW} | fields


def done(output: Json = None, **fields: Any) -> Fields:
    return {"status": Status.SUCCESS, "output": output, "ended_at": NOW} | fields


def failed(message: str = "no", **fields: Any) -> Fields:
    return {"status": Status.FAILED, "error": error(message), "ended_at": NOW} | fields


def bailed(output: Json = None, **fields: Any) -> Fields:
    return {"status": Status.BAILED, "output": output, "ended_at": NOW} | fields


def suspended(payload: Json = None, **fields: Any) -> Fields:
    return {
        "status": Status.SUSPENDED,
        "suspend_payload": payload,
        "suspended_at": NOW,
        "started_at": NOW,
    } | fields


def resumed(data: Json = None, **fields: Any) -> Fields:
    return {"status": Status.RESUMED, "resume_payload": data, "resuming": True} | fields


def waiting(until: int, **fields: Any) -> Fields:
    return {"status": Status.WAITING, "wake_at": until, "kind": Kind.WAIT} | fields


def nested(fields: Fields, **more: Any) -> Fields:
    """The same of a nested workflow."""
    return {"kind": Kind.WORKFLOW, "state": {}} | fields | more


def foreach(fields: Fields, **more: Any) -> Fields:
    """The same of a foreach as a whole."""
    return {"kind": Kind.FOREACH} | fields | more


def error(message: str) -> dict[str, Json]:
    """What is stored of a RuntimeError."""
    return {"message": message, "name": "RuntimeError"}


def journal(
    entries: dict[str, Fields] | None = None,
    /,
    *,
    input: Json = None,
    state: dict[str, Json] | None = None,
    canceled: bool = False,
    execution: Execution | None = None,
    **named: Fields,
) -> Journal:
    """A run of workflow "w" with these entries, in the order in which they began."""
    made = Journal("w", "r1", canceled=canceled, execution=execution or Execution("start", 1))
    root = {"kind": Kind.WORKFLOW, "input": input, "state": state or {}}
    spelled = {name.replace("__", "/"): fields for name, fields in named.items()}
    for path, fields in ({"": running(**root)} | (entries or {}) | spelled).items():
        _add(made, path, fields)
    made.take_changes()
    return made


def _add(made: Journal, path: str, fields: Fields) -> None:
    kind = Kind.DECISION if path.endswith("?") else Kind.STEP
    step_id = (paths.step_ids(path) or ("w",))[-1]
    named: Fields = {"path": path, "step_id": step_id, "kind": kind}
    entry = made.add(Entry(**named | fields))
    if entry.status in _AT_REST:
        entry.ended = made.next_order()


def turn(workflow: Workflow, known: Journal, now: int = NOW) -> Turn:
    """What a new interpreter says to a journal."""
    return Interpreter(workflow, known).advance(now)


def asked(answer: Turn) -> list[tuple[Any, ...]]:
    """The commands of a turn: what is to be executed with which input, what is to be decided."""
    return [
        ("execute", command.path, command.entry.input)
        if isinstance(command, Execute)
        else ("decide", command.path, command.kind)
        for command in answer.commands
    ]


def statuses(known: Journal) -> dict[str, str]:
    """The status of each entry but the root's, by path."""
    return {path: entry.status.value for path, entry in known.entries.items() if path}
