"""Paths: the names under which a run remembers what happened where in its workflow.

A path is the chain of keys from the root workflow, parted by ``/``; the root itself is ``""``.
A key is unique within its workflow (see ``definition.nodes``); marks behind it tell repetitions
apart::

    charge            a step of the root workflow
    checkout/card     a step of the nested workflow "checkout"
    poll#2            second iteration of a loop body
    ship[3]           item 3 of a foreach (the foreach as a whole is "ship")
    refund!2/card     inside the second try of a nested workflow that failed once
    branch_0?         the answer of the conditions of a branch (of a loop: "poll#2?")
    checkout/?        that of the nested workflow's ``on_start``
"""

from __future__ import annotations

import re
import uuid
from urllib.parse import unquote

ROOT = ""

_REPETITION = re.compile(r"#\d+|\[\d+\]|!\d+")


def join(scope: str, key: str) -> str:
    return f"{scope}/{key}" if scope else key


def iteration(path: str, number: int) -> str:
    """The path of iteration ``number`` (from 1) of a loop body."""
    return f"{path}#{number}"


def item(path: str, index: int) -> str:
    """The path of item ``index`` (from 0) of a foreach."""
    return f"{path}[{index}]"


def inner(path: str, tries: int) -> str:
    """The scope of what a nested workflow does in its ``tries``-th try (from 1)."""
    return path if tries <= 1 else f"{path}!{tries}"


def decision(path: str) -> str:
    """The path of the recorded answer of a condition, concurrency or wait function."""
    return f"{path}?"


def admission(scope: str) -> str:
    """Where the answer of a nested workflow's ``on_start`` is, as a decision, recorded."""
    return f"{scope}/"


def parent(path: str) -> str:
    """The scope a path lies in, with its marks: ``"a!2/b"`` lies in ``"a!2"``."""
    return path.rpartition("/")[0]


def above(path: str) -> str:
    """The entry a path lies directly in: of an item its foreach, else the nested workflow."""
    if path.endswith("]"):
        return path[: path.rindex("[")]
    head, slash, last = parent(path).rpartition("/")
    return head + slash + last.partition("!")[0]


def is_within(path: str, ancestor: str) -> bool:
    """Whether ``path`` is ``ancestor`` or lies below it, whatever the repetition marks."""
    return (
        ancestor == ROOT
        or path == ancestor
        or (path.startswith(ancestor) and path[len(ancestor)] in "/#[!?")
    )


def step_ids(path: str) -> tuple[str, ...]:
    """The step ids along a path, without keys' marks: ``"a~2/b#3"`` gives ``("a", "b")``."""
    return tuple(_step_id(segment) for segment in path.split("/")) if path else ()


def dotted(path: str) -> str:
    """The id of a path as events show it: ``"n/x#2"`` is ``"n.x"``."""
    return ".".join(step_ids(path))


def unmarked(path: str) -> str:
    """Where a path is in the definition, whatever the repetition: ``"a!2/b[3]"`` is ``"a/b"``."""
    return _REPETITION.sub("", path)


def nested_run_id(run_id: str, path: str) -> str:
    """The run id that the workflow of one foreach item sees: its own, the same at each look."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run_id}/{path}"))


def run_id_at(run_id: str, path: str) -> str:
    """The run id that is seen at a path: the run's own, but for what is in an item of a foreach."""
    end = path.rfind("]")
    return run_id if end < 0 else nested_run_id(run_id, path[: end + 1])


def _step_id(segment: str) -> str:
    for mark in "#[!?~":
        segment = segment.partition(mark)[0]
    return unquote(segment)
