"""What each action does: one call of the front door, then a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from runs import operations
from runs.conf import conf
from runs.engine.events import FINISH, START
from runs.engine.result import WorkflowResult
from runs.exceptions import InvalidInput, InvalidRequestContext
from runs.management.cli import reports
from runs.management.cli.console import Console
from runs.management.cli.exits import INTERRUPTED, OK, bad_call, exit_code
from runs.management.cli.progress import Progress
from runs.management.cli.questions import MANAGE, Question, open_questions
from runs.management.cli.references import definition_of, find_run, find_workflow, known_workflow_id
from runs.management.cli.values import read_json, read_object
from runs.models import Run

Options = Mapping[str, Any]
Record = Mapping[str, Any]


class Stream(Protocol):
    def __iter__(self) -> Iterator[dict[str, Any]]: ...
    def result(self) -> WorkflowResult: ...


# --- reading ---------------------------------------------------------------------------------


def list_runs(console: Console, options: Options) -> int:
    if options["limit"] < 1:
        raise bad_call("--limit must be 1 or more.")
    filters = {name: options[name] for name in ("status", "resource_id") if options[name]}
    if options["workflow"]:
        filters["workflow"] = known_workflow_id(options["workflow"])
    found = Run.objects.filter(**filters)
    runs, total = list(found[: options["limit"]]), found.count()
    if console.as_json:
        console.json({"runs": [reports.summary(run) for run in runs], "total": total})
    else:
        reports.report_list(console, runs, total)
    return OK


def show_run(console: Console, options: Options) -> int:
    run = find_run(options["run"])
    record = record_of(run)
    if console.as_json:
        console.json(record)
    else:
        reports.report_run(console, run, record, questions_of(run, record))
    return OK


def tail_run(console: Console, options: Options) -> int:
    """Follow the events from the number asked for; then say what the run waits for, if it does."""
    if options["offset"] < 0:
        raise bad_call("--from must be 0 or more.")
    run = find_run(options["run"])
    progress = Progress(console, definition_of(run), options["offset"])
    try:
        for event in run.observe(options["offset"]):
            progress.show(event)
    except KeyboardInterrupt:
        return detached(console, run)
    run.refresh_from_db()
    if not console.as_json:
        reports.report_questions(console, str(run), questions_of(run, record_of(run)))
    return exit_code(run.status)


# --- doing -----------------------------------------------------------------------------------


def start_run(console: Console, options: Options) -> int:
    workflow = find_workflow(options["workflow"])
    input_data = read_json("--input", options["input"])
    given = {
        "initial_state": read_object("--state", options["state"]),
        "request_context": read_object("--context", options["context"]),
        "per_step": options["per_step"],
    }
    run = workflow.create_run(run_id=options["run_id"], resource_id=options["resource_id"])
    try:
        if options["no_wait"]:
            run.start_async(input_data, **given)
            return left_to_workers(console, run)
        console.say(str(run))
        return followed(console, run, lambda: run.stream(input_data, **given))
    except (InvalidInput, InvalidRequestContext):
        if options["run_id"] is None:
            # Nobody knows of this run, and it will never be started.
            workflow.delete_workflow_run_by_id(run.run_id)
        raise


def resume_run(console: Console, options: Options) -> int:
    run = find_run(options["run"])
    resume_data = read_json("--data", options["data"])
    given = {
        "step": options["step"],
        "label": options["label"],
        "for_each_index": options["index"],
        "request_context": read_object("--context", options["context"]),
        "per_step": options["per_step"],
    }
    if options["no_wait"]:
        run.resume_async(resume_data, **given)
        return left_to_workers(console, run)
    return followed(console, run, lambda: run.resume_stream(resume_data, **given))


def time_travel_run(console: Console, options: Options) -> int:
    run = find_run(options["run"])
    given = {
        "input_data": read_json("--input", options["input"]),
        "resume_data": read_json("--resume-data", options["resume_data"]),
        "initial_state": read_object("--state", options["state"]),
        "context": read_object("--context", options["context"]),
        "per_step": options["per_step"],
    }
    return followed(console, run, lambda: run.time_travel_stream(options["step"], **given))


def restart_run(console: Console, options: Options) -> int:
    run = find_run(options["run"])
    request_context = read_object("--context", options["context"])
    console.say(f"Restarting {run}")
    try:
        result = run.restart(request_context=request_context)
    except KeyboardInterrupt:
        return detached(console, run)
    return ended(console, run, result)


def cancel_run(console: Console, options: Options) -> int:
    run = find_run(options["run"])
    was_finished = run.is_finished
    run.cancel()
    run.refresh_from_db()
    if console.as_json:
        console.json(reports.summary(run))
    elif was_finished:
        console.line(f"{run} was finished already: {console.status(run.status)}")
    else:
        note = "; the step in progress may still end" if run.ended_at is None else ""
        console.line(f"{run}: {console.status(run.status)}{note}")
    return OK


ACTIONS: Mapping[str, Callable[[Console, Options], int]] = {
    "list": list_runs,
    "show": show_run,
    "start": start_run,
    "resume": resume_run,
    "cancel": cancel_run,
    "restart": restart_run,
    "time-travel": time_travel_run,
    "tail": tail_run,
}


# --- what they share -------------------------------------------------------------------------


def followed(console: Console, run: Run, begin: Callable[[], Stream]) -> int:
    """Show an execution step by step as it goes, then its outcome."""
    progress = Progress(console, definition_of(run))
    try:
        stream = begin()
        for event in stream:
            # How it began and ended is said around it, and in better words if it was refused.
            if not console.as_json and event["type"] not in (START, FINISH):
                progress.show(event)
        result = stream.result()
    except KeyboardInterrupt:
        return detached(console, run)
    return ended(console, run, result)


def ended(console: Console, run: Run, result: WorkflowResult) -> int:
    if console.as_json:
        console.json(result.to_wire())
    else:
        run.refresh_from_db()
        record = record_of(run)
        reports.report_outcome(console, run, record, questions_of(run, record))
    return exit_code(result.status)


def detached(console: Console, run: Run) -> int:
    """Say what becomes of a run nobody follows any more."""
    if (run.execution_mode or conf.EXECUTION) == "inline":
        console.say(f"\nStopped: {run} was executed by this process.")
        console.say(f"A worker takes it over; without workers: {MANAGE} restart {run}")
    else:
        console.say(f"\nDetached: {run} goes on without you.")
        console.say(f"Follow it with: {MANAGE} tail {run}")
    return INTERRUPTED


def left_to_workers(console: Console, run: Run) -> int:
    run.refresh_from_db()
    if console.as_json:
        console.json(reports.summary(run))
    else:
        console.line(str(run))
        console.line(f"Follow it with: {MANAGE} tail {run}")
    return OK


def record_of(run: Run) -> Record:
    """The run as clients see it; without its steps if the code no longer defines its workflow."""
    workflow = definition_of(run)
    found = workflow and operations.get_workflow_run_by_id(workflow, run.run_id)
    return found or reports.summary(run) | {"steps": {}}


def questions_of(run: Run, record: Record) -> list[Question]:
    if run.status != "suspended":
        return []
    return open_questions(definition_of(run), record)
