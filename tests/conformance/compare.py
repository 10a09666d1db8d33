"""Recorded against expected: what differs that may not differ.

Objects compare without regard to the order of their keys, lists with it, except where things
happen at once: README.md tells about lanes and bags. The profile ``core`` first leaves out the
engine's bookkeeping, on both sides; ``exact`` leaves out nothing.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from .expressions import canonical

Profile = Literal["core", "exact"]
Record = dict[str, Any]

PROFILES: tuple[Profile, ...] = ("core", "exact")
LANGUAGE_ERROR = "<language error>"
_LANED = ("log", "events", "watch")
_BOOKKEEPING = frozenset(
    {"__workflow_meta", "stepExecutionPath", "activePaths", "activeStepsPath", "waitingPaths"}
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one action's record that is not as recorded. A missing field is ``None``."""

    action: int
    do: str
    field: str
    expected: Any
    got: Any


def compare(case: dict[str, Any], records: list[Record], profile: Profile) -> list[Difference]:
    """Return every field of the records that differs from the case's expectation."""
    differences = []
    rows = zip_longest(case["actions"], case["expect"], records)
    for index, (action, expected, got) in enumerate(rows):
        action = action or {}
        wanted = comparable(expected or {}, case, profile)
        found = forgive(wanted, comparable(got or {}, case, profile))
        for field in sorted({*wanted, *found} - {*action.get("unstable", ())}):
            pair = wanted.get(field), found.get(field)
            if canonical(pair[0]) != canonical(pair[1]):
                differences.append(Difference(index, action.get("do", "?"), field, *pair))
    return differences


def comparable(record: Record, case: dict[str, Any], profile: Profile) -> Record:
    """Return the record in a form in which what may differ no longer does."""
    record = _without_bookkeeping(record) if profile == "core" else deepcopy(record)
    for field in _LANED:
        if field in record:
            record[field] = by_lane(record[field], case)
    result = record.get("result")
    if isinstance(result, dict) and "suspended" in result:
        result["suspended"] = _as_bag(result["suspended"])
    if "concurrent" in record:
        inner = [comparable(one, case, profile) for one in record["concurrent"]]
        record["concurrent"] = _as_bag(inner)
    return record


def by_lane(items: list[Any], case: dict[str, Any]) -> dict[str, list[Any]]:
    """Split what happened into lanes; bags, whose order means nothing, are put in order."""
    lanes, bags = case.get("lanes", {}), case.get("bags", ())
    split: dict[str, list[Any]] = {}
    for item in items:
        lane = lane_of(item, lanes)
        split.setdefault(lane, []).append(_without_count(item) if lane in bags else item)
    return {
        lane: _as_bag(content) if lane == "*" or lane in bags else content
        for lane, content in split.items()
    }


def lane_of(item: dict[str, Any], lanes: dict[str, str]) -> str:
    payload = item.get("payload")
    named = payload if isinstance(payload, dict) else {}
    step_id = item.get("step") or named.get("id") or named.get("stepName")
    if step_id is None:
        is_about_the_run = str(item.get("type", "")).startswith("workflow-")
        return "*" if lanes and not is_about_the_run else ""
    segments = reversed(str(step_id).split("."))
    return next((lanes[segment] for segment in segments if segment in lanes), "")


def forgive(expected: Any, got: Any) -> Any:
    """Let an expected error of the language itself match an error with any message."""
    if isinstance(expected, list) and isinstance(got, list):
        return [forgive(*pair) for pair in zip_longest(expected[: len(got)], got)]
    if not (isinstance(expected, dict) and isinstance(got, dict)):
        return got
    if expected.get("error") == LANGUAGE_ERROR and isinstance(got.get("error"), str):
        return {"error": LANGUAGE_ERROR}
    return {key: forgive(expected.get(key), value) for key, value in got.items()}


def _as_bag(items: list[Any]) -> list[Any]:
    return sorted(items, key=canonical)


def _without_count(item: dict[str, Any]) -> dict[str, Any]:
    payload = item.get("payload")
    if not isinstance(payload, dict):
        return item
    return {**item, "payload": {k: v for k, v in payload.items() if k != "completedCount"}}


def _without_bookkeeping(record: Record) -> Record:
    core: Record = _core(record)
    result = core.get("result")
    steps = result.get("steps") if isinstance(result, dict) else None
    for step in (steps or {}).values():
        if isinstance(step, dict) and step.get("status"):
            step.pop("payload", None)
    return core


def _core(value: Any) -> Any:
    if isinstance(value, list):
        return [_core(element) for element in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, inner in value.items():
        if key in _BOOKKEEPING or inner == "<ts>":
            continue
        core = _core(inner)
        if not (key == "suspendPayload" and core == {}):
            kept[key] = core
    return kept
