"""Runs as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runs.engine import path as paths
from runs.engine.journal import Kind, Status
from runs.management.cli.console import Console
from runs.management.cli.questions import INDEX, MANAGE, Question
from runs.management.cli.text import compact, date_and_time, duration, indented, pretty
from runs.models import Run
from runs.operations.reads import iso

_BUSY = (Status.RUNNING.value, Status.RESUMED.value)

Record = Mapping[str, Any]


def summary(run: Run) -> dict[str, Any]:
    """A run in a few words of the wire: what every record of a run has."""
    return {
        "runId": run.run_id,
        "workflowName": run.workflow_id,
        "resourceId": run.resource_id,
        "createdAt": iso(run.created_at),
        "updatedAt": iso(run.updated_at),
        "status": run.status,
    }


def report_list(console: Console, runs: Sequence[Run], total: int) -> None:
    if not runs:
        console.line("No runs.")
        return
    rows = [
        [str(run), run.status, date_and_time(run.created_at), _elapsed(run), run.resource_id or ""]
        for run in runs
    ]
    console.table(("RUN", "STATUS", "CREATED", "TOOK", "RESOURCE"), rows)
    if total > len(runs):
        console.line(f"{len(runs)} of {total} runs; see more with --limit.")


def report_run(console: Console, run: Run, record: Record, questions: Sequence[Question]) -> None:
    """Everything about a run: what, why, its steps, what it waits for, its outcome."""
    console.line(str(run))
    facts = {
        "status": console.status(run.status) + reason(run, questions),
        "resource": run.resource_id,
        "attempt": run.attempt if run.attempt > 1 else None,
        "created": date_and_time(run.created_at),
        "started": date_and_time(run.started_at),
        "took": _elapsed(run),
        "input": record.get("payload"),
        "state": record.get("initialState") or None,
    }
    shown = [(name, value) for name, value in facts.items() if value not in (None, "")]
    for name, value in shown:
        text = value if isinstance(value, str) else compact(value, console.width)
        console.line(f"  {name:<8}  {text}")
    if rows := list(_step_rows(run, record["steps"])):
        console.line()
        console.table(("STEP", "STATUS", "TOOK", "TRIES", "NOTE"), rows)
    report_questions(console, str(run), questions)
    if "result" in record:
        console.line(f"\nResult\n{indented(pretty(record['result']))}")


def report_outcome(
    console: Console, run: Run, record: Record, questions: Sequence[Question]
) -> None:
    """How an execution ended, and what may be done next."""
    console.line(f"{console.status(run.status)}{reason(run, questions)}")
    if run.status == "success" and "result" in record:
        console.line(pretty(record["result"]))
    report_questions(console, str(run), questions)


def reason(run: Run, questions: Sequence[Question]) -> str:
    """Why a run has its status, to be put behind it."""
    text = _reason(run, questions)
    return f": {text}" if text else ""


def report_questions(console: Console, name: str, questions: Sequence[Question]) -> None:
    for question in questions:
        console.line(f"\nWaits for {question.name}")
        if question.payload is not None:
            console.line(indented(pretty(question.payload)))
        for label in question.labels:
            console.line(f"  label   {label}")
        for heading, (field, about) in zip(_once("answer"), question.fields(), strict=False):
            console.line(f"  {heading:<6}  {field} ({about})")
        console.line(f"  resume  {question.command(name, among=len(questions))}")


def _once(heading: str) -> Iterator[str]:
    yield heading
    while True:
        yield ""


def _reason(run: Run, questions: Sequence[Question]) -> str:
    match run.status:
        case "suspended":
            return "waits for " + " and ".join(question.name for question in questions)
        case "failed" | "tripwire":
            return run.error_message
        case "paused":
            command = f"{MANAGE} time-travel {run} --step NEXT_STEP --per-step"
            return f"did one step; go on with {command}"
        case "waiting" | "running":
            return _activity(run)
        case "pending":
            return "not started" if run.due_at is None else "waits for a worker"
    return ""


def _activity(run: Run) -> str:
    """What a run that goes on is doing just now."""
    busy = run.steps.filter(attempt=run.attempt, kind=Kind.STEP.value, status__in=_BUSY)
    asleep = run.steps.filter(attempt=run.attempt, status=Status.WAITING.value)
    moments: list[Any] = list(asleep.values_list("wake_at", flat=True))
    wake_at = min(filter(None, moments), default=None)
    if wake_at is not None and not busy.exists():
        return f"sleeps until {date_and_time(wake_at)}"
    return f"driven by {run.lease_owner}" if run.lease_owner else "waits for a worker"


def _step_rows(run: Run, steps: Mapping[str, Record]) -> Iterator[list[str]]:
    tries = _tries(run)
    for key, step in steps.items():
        began, ended = step.get("resumedAt", step.get("startedAt")), step.get("endedAt")
        took = "" if began is None or ended is None else duration(ended - began)
        count = tries.get(INDEX.sub("", key))
        yield [key, step["status"], took, str(count) if count else "", _note(step)]


def _tries(run: Run) -> dict[str, int]:
    """How often each step was tried; of a repeated one, the worst of its repetitions."""
    most: dict[str, int] = {}
    rows = run.steps.filter(attempt=run.attempt, kind=Kind.STEP.value)
    for path, failures, status in rows.values_list("path", "tries", "status"):
        name = paths.dotted(path)
        last = 0 if status == Status.FAILED else 1
        most[name] = max(most.get(name, 0), failures + last)
    return most


def _note(step: Record) -> str:
    if "error" in step:
        return str(step["error"].get("message", ""))
    iteration = (step.get("metadata") or {}).get("iterationCount")
    if iteration is not None:
        return f"iteration {iteration}"
    return ""


def _elapsed(run: Run) -> str:
    if run.started_at is None or run.ended_at is None:
        return ""
    return duration((run.ended_at - run.started_at).total_seconds() * 1000)
