"""The graph as clients get it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from runs import create_step, create_workflow
from runs.definition.graph import serialized_step_graph

a = create_step(
    "a", execute=lambda ctx: None, description="desc", metadata={"k": "v"}, resume_schema=int
)
b = create_step("b", execute=lambda ctx: None)
inner = create_workflow("inner", description="d", metadata={"q": 1}).then(b)

STEP_A = {
    "type": "step",
    "step": {"id": "a", "description": "desc", "metadata": {"k": "v"}, "canSuspend": True},
}
STEP_B = {"type": "step", "step": {"id": "b", "canSuspend": False}}
INNER = {
    "type": "workflow",
    "id": "inner",
    "workflowId": "inner",
    "description": "d",
    "metadata": {"q": 1},
    "serializedStepFlow": [STEP_B],
}


def always(ctx: Any) -> bool:
    return True


ALWAYS = "def always(ctx: Any) -> bool:\n    return True"


def test_steps_and_nested_workflows() -> None:
    workflow = create_workflow("w").then(a).then(inner)

    assert serialized_step_graph(workflow) == [STEP_A, INNER]


def test_parallel_and_branch() -> None:
    workflow = (
        create_workflow("w").parallel([a, inner]).branch([(lambda ctx: ctx, b), (always, inner)])
    )

    assert serialized_step_graph(workflow) == [
        {"type": "parallel", "steps": [STEP_A, INNER]},
        {
            "type": "conditional",
            "steps": [STEP_B, INNER],
            "serializedConditions": [
                {"id": "b-condition", "fn": "lambda ctx: ctx"},
                {"id": "inner-condition", "fn": ALWAYS},
            ],
        },
    ]


def test_loops_and_foreach() -> None:
    workflow = (
        create_workflow("w")
        .dowhile(b, always)
        .dountil(inner, always)
        .foreach(b)
        .foreach(inner, concurrency=3)
        .foreach(b, concurrency=lambda ctx: 2)
    )

    assert serialized_step_graph(workflow) == [
        {
            "type": "loop",
            "step": STEP_B,
            "serializedCondition": {"id": "b-condition", "fn": ALWAYS},
            "loopType": "dowhile",
        },
        {
            "type": "loop",
            "step": INNER,
            "serializedCondition": {"id": "inner-condition", "fn": ALWAYS},
            "loopType": "dountil",
        },
        {"type": "foreach", "step": STEP_B, "opts": {"concurrency": 1}},
        {"type": "foreach", "step": INNER, "opts": {"concurrency": 3}},
        {"type": "foreach", "step": STEP_B, "opts": {"fn": "lambda ctx: 2"}},
    ]


def test_waits() -> None:
    madrid = timezone(timedelta(hours=1))

    workflow = (
        create_workflow("w")
        .sleep(0.15)
        .sleep(0.0005, id="short")
        .sleep(always)
        .sleep_until(datetime(1970, 1, 1, 1, 0, 0, 250000, tzinfo=madrid))
        .sleep_until(always)
    )

    assert serialized_step_graph(workflow) == [
        {"type": "sleep", "id": "sleep_w_0", "duration": 150},
        {"type": "sleep", "id": "short", "duration": 0.5},
        {"type": "sleep", "id": "sleep_w_2", "fn": ALWAYS},
        {"type": "sleepUntil", "id": "sleep_w_3", "date": "1970-01-01T00:00:00.250Z"},
        {"type": "sleepUntil", "id": "sleep_w_4", "fn": ALWAYS},
    ]


def test_mappings() -> None:
    mapping = {
        "fixed": {"value": {"x": 1}},
        "computed": {"fn": always},
        "text": {"template": "v=${inputData.v}"},
        "user": {"request_context_path": "user"},
        "init": {"init_data": True, "path": "v"},
        "other": {"init_data": inner, "path": "."},
        "one": {"step": a, "path": "v"},
        "several": {"step": [a, "b"]},
    }

    workflow = create_workflow("w").then(a).then(b).map(mapping).map(always).map({}, id="empty")
    graph = serialized_step_graph(workflow)[2:]

    assert json.loads(graph[0]["mapConfig"]) == {
        "fixed": {"value": {"x": 1}},
        "computed": {"fn": ALWAYS},
        "text": {"template": "v=${inputData.v}"},
        "user": {"requestContextPath": "user"},
        "init": {"initData": "w", "path": "v"},
        "other": {"initData": "inner", "path": "."},
        "one": {"step": "a", "path": "v"},
        "several": {"step": ["a", "b"]},
    }
    assert graph[0]["mapConfig"].startswith('{\n  "fixed": {\n    "value": {\n      "x": 1\n')
    assert graph[1:] == [
        {"type": "mapping", "id": "mapping_w_1", "mapConfig": ALWAYS},
        {"type": "mapping", "id": "empty", "mapConfig": "{}"},
    ]


def test_a_midnight_in_utc_ends_with_z() -> None:
    workflow = create_workflow("w").sleep_until(datetime(2026, 1, 1, tzinfo=UTC))

    assert workflow.serialized_step_graph[0]["date"] == "2026-01-01T00:00:00.000Z"
