from __future__ import annotations

from typing import Any

from runs import RetryConfig, Workflow
from runs.definition.nodes import (
    BranchNode,
    ForeachNode,
    LoopNode,
    MapNode,
    Node,
    ParallelNode,
    SleepNode,
    SleepUntilNode,
    StepNode,
    WorkflowNode,
)
from runs.definition.registry import all_workflows, isolated_registry

from .build import build_workflows
from .world import Process, World

STEPS: dict[str, Any] = {name: {"body": []} for name in "abcd"}


def build(workflows: dict[str, Any], steps: dict[str, Any] = STEPS) -> dict[str, Workflow]:
    case = {"main": "main", "workflows": workflows, "steps": steps}
    with isolated_registry():
        return build_workflows(case, Process(World()))


def flow_of(*nodes: Any) -> tuple[Node, ...]:
    return build({"main": {"flow": list(nodes)}})["main"].flow


def test_each_kind_of_node_becomes_its_entry() -> None:
    flow = flow_of(
        "a",
        {"then": "a"},
        {"parallel": ["a", "b"]},
        {"branch": [[True, "c"]]},
        {"dowhile": "a", "cond": False},
        {"dountil": "b", "cond": True},
        {"foreach": "c"},
        {"map": {"x": {"value": 1}}},
        {"mapFn": {"$": "input"}, "id": "m"},
        {"sleep": 1500, "id": "z"},
        {"sleepUntil": 0},
    )

    assert [type(node) for node in flow] == [
        StepNode,
        StepNode,
        ParallelNode,
        BranchNode,
        LoopNode,
        LoopNode,
        ForeachNode,
        MapNode,
        MapNode,
        SleepNode,
        SleepUntilNode,
    ]


def test_milliseconds_become_seconds() -> None:
    [sleep] = flow_of({"sleep": 1500})
    main = build({"main": {"flow": ["a"], "retry": {"attempts": 2, "delay": 250}}})["main"]

    assert isinstance(sleep, SleepNode)
    assert sleep.seconds == 1.5
    assert main.retry_config == RetryConfig(attempts=2, delay_seconds=0.25)


def test_a_foreach_takes_one_item_at_a_time_unless_it_says_more() -> None:
    foreaches = flow_of({"foreach": "a"}, {"foreach": "b", "concurrency": 3})

    assert [getattr(node, "concurrency", None) for node in foreaches] == [1, 3]


def test_a_workflow_used_as_a_step_is_nested() -> None:
    built = build({"main": {"flow": ["inner"]}, "inner": {"flow": ["a"]}})

    assert built["main"].flow == (WorkflowNode("inner", built["inner"]),)


def test_a_step_used_twice_is_one_step() -> None:
    first, second = flow_of("a", "a")

    assert isinstance(first, StepNode)
    assert isinstance(second, StepNode)
    assert first.step is second.step


def test_only_committed_workflows_are_registered() -> None:
    workflows = {"main": {"flow": ["a"], "commit": False}, "other": {"flow": ["a"]}}
    case = {"main": "main", "workflows": workflows, "steps": STEPS}

    with isolated_registry():
        build_workflows(case, Process(World()))
        registered = list(all_workflows())

    assert registered == ["other"]


def test_an_input_that_a_case_leaves_out_is_anything_and_not_the_first_steps() -> None:
    strict = {"type": "object", "properties": {"v": {"type": "integer"}}, "required": ["v"]}
    main = build({"main": {"flow": ["a"]}}, {"a": {"body": [], "input": strict}})["main"]

    assert main.input_schema is not None
    assert main.input_schema.validate("anything") == "anything"
