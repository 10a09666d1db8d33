"""What may be typed after ``manage.py runs``."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction
from typing import Any, TypeAlias

from runs.models.run import STATUSES

RUN_HELP = "WORKFLOW/RUN, or the run's id, or the beginning of it"
JSON_HELP = "JSON, @file.json, or - for standard input"

Actions: TypeAlias = "_SubParsersAction[Any]"


def add_actions(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for add in (_list, _show, _start, _resume, _cancel, _restart, _time_travel, _tail):
        add(actions)


def _action(actions: Actions, name: str, about: str) -> ArgumentParser:
    parser: ArgumentParser = actions.add_parser(name, help=about, description=about)
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help="print JSON instead of text"
    )
    return parser


def _about_run(actions: Actions, name: str, about: str) -> ArgumentParser:
    parser = _action(actions, name, about)
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    return parser


def _list(actions: Actions) -> None:
    parser = _action(actions, "list", "List runs, newest first.")
    parser.add_argument("--workflow", metavar="ID", help="only runs of this workflow")
    parser.add_argument(
        "--status", choices=[status.value for status in STATUSES], help="only runs with this status"
    )
    parser.add_argument("--resource-id", metavar="ID", help="only runs of this resource")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many (20)")


def _show(actions: Actions) -> None:
    _about_run(actions, "show", "Show a run: its status and why, its steps, its result.")


def _start(actions: Actions) -> None:
    parser = _action(actions, "start", "Start a workflow and wait for its outcome.")
    parser.add_argument("workflow", metavar="WORKFLOW", help="the workflow's id")
    parser.add_argument("--input", metavar="JSON", help=f"the input: {JSON_HELP}")
    parser.add_argument("--run-id", metavar="ID", help="the run's id (default: a new UUID)")
    parser.add_argument("--resource-id", metavar="ID", help="whom or what the run is about")
    parser.add_argument("--state", metavar="JSON", help=f"the initial state: {JSON_HELP}")
    _add_context(parser)
    _add_per_step(parser)
    _add_no_wait(parser)


def _resume(actions: Actions) -> None:
    parser = _about_run(actions, "resume", "Answer a suspended run and wait for its outcome.")
    parser.add_argument("--data", metavar="JSON", help=f"the answer: {JSON_HELP}")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--step", help="the suspended step; nested ones as outer.inner")
    which.add_argument("--label", help="the label that the suspended step gave itself")
    parser.add_argument("--index", type=int, metavar="N", help="the item of a foreach, from 0")
    _add_context(parser)
    _add_per_step(parser)
    _add_no_wait(parser)


def _cancel(actions: Actions) -> None:
    _about_run(actions, "cancel", "Cancel a run; a finished one is left alone.")


def _restart(actions: Actions) -> None:
    parser = _about_run(actions, "restart", "Continue a run whose process died.")
    _add_context(parser)


def _time_travel(actions: Actions) -> None:
    parser = _about_run(
        actions, "time-travel", "Run again from a step on; what came before it is kept."
    )
    parser.add_argument("--step", required=True, help="the target; nested ones as outer.inner")
    parser.add_argument("--input", metavar="JSON", help=f"the target's input: {JSON_HELP}")
    parser.add_argument("--resume-data", metavar="JSON", help=f"the target's answer: {JSON_HELP}")
    parser.add_argument("--state", metavar="JSON", help=f"the state to go on with: {JSON_HELP}")
    parser.add_argument(
        "--context", metavar="JSON", help=f"records of the steps before, by step id: {JSON_HELP}"
    )
    _add_per_step(parser)


def _tail(actions: Actions) -> None:
    parser = _about_run(actions, "tail", "Follow a run's events until it comes to rest.")
    parser.add_argument(
        "--from", type=int, default=0, dest="offset", metavar="N", help="begin at this event (0)"
    )


def _add_context(parser: ArgumentParser) -> None:
    parser.add_argument("--context", metavar="JSON", help=f"the request context: {JSON_HELP}")


def _add_per_step(parser: ArgumentParser) -> None:
    parser.add_argument("--per-step", action="store_true", help="do one step, then pause")


def _add_no_wait(parser: ArgumentParser) -> None:
    parser.add_argument("--no-wait", action="store_true", help="leave it to the workers at once")
