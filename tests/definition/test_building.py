"""A flow: its entries, their keys and ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from runs import Workflow, create_step, create_workflow
from runs.definition.nodes import (
    Arm,
    BranchNode,
    ForeachNode,
    LoopNode,
    MapNode,
    ParallelNode,
    SleepNode,
    SleepUntilNode,
    StepNode,
    WorkflowNode,
)
from runs.exceptions import AlreadyCommitted

a = create_step("a", execute=lambda ctx: None)
b = create_step("b", execute=lambda ctx: None)


def positive(ctx: Any) -> bool:
    return bool(ctx.input_data > 0)


def keys(workflow: Workflow) -> list[str]:
    return [node.key for node in workflow.flow]


def test_every_builder_method_adds_its_entry() -> None:
    inner = create_workflow("inner").then(a)
    midnight = datetime(2026, 1, 1, tzinfo=UTC)

    workflow = (
        create_workflow("w")
        .then(a)
        .then(inner)
        .parallel([a, inner])
        .branch([(positive, b), (positive, inner)])
        .dowhile(a, positive)
        .dountil(inner, positive)
        .foreach(b, concurrency=4)
        .foreach(inner, concurrency=positive)
        .sleep(1.5)
        .sleep_until(midnight)
    )

    assert workflow.flow == (
        StepNode("a", a),
        WorkflowNode("inner", inner),
        ParallelNode("parallel_0", (StepNode("a~2", a), WorkflowNode("inner~2", inner))),
        BranchNode(
            "branch_0",
            (Arm(positive, StepNode("b", b)), Arm(positive, WorkflowNode("inner~3", inner))),
        ),
        LoopNode("a~3", StepNode("a~3", a), positive, "dowhile"),
        LoopNode("inner~4", WorkflowNode("inner~4", inner), positive, "dountil"),
        ForeachNode("b~2", StepNode("b~2", b), 4),
        ForeachNode("inner~5", WorkflowNode("inner~5", inner), positive),
        SleepNode("sleep_w_0", "sleep_w_0", 1.5),
        SleepUntilNode("sleep_w_1", "sleep_w_1", midnight),
    )


def test_entries_that_are_no_steps_are_named_by_their_count() -> None:
    workflow = (
        create_workflow("w")
        .map({"x": {"value": 1}})
        .map(positive, id="named")
        .map(positive)
        .sleep(1)
        .sleep_until(positive, id="pause")
        .sleep(positive)
        .parallel([a])
        .branch([(positive, b)])
        .parallel([b])
    )

    assert keys(workflow) == [
        "mapping_w_0",
        "named",
        "mapping_w_2",
        "sleep_w_0",
        "pause",
        "sleep_w_2",
        "parallel_0",
        "branch_0",
        "parallel_1",
    ]


def test_the_dots_of_a_workflow_id_do_not_get_into_step_ids() -> None:
    assert keys(create_workflow("shop.checkout").sleep(1)) == ["sleep_shop_checkout_0"]


def test_an_id_may_look_like_the_key_of_a_block() -> None:
    lookalike = create_step("parallel_0", execute=lambda ctx: None)

    workflow = create_workflow("w").then(lookalike).parallel([a])

    assert keys(workflow) == ["parallel_0", "parallel_0~2"]


def test_characters_that_paths_use_are_escaped_in_keys() -> None:
    odd = create_step("a/b#c[0]!~?% é", execute=lambda ctx: None)

    workflow = create_workflow("w").then(odd).then(odd)

    assert keys(workflow) == ["a%2Fb%23c%5B0%5D%21%7E%3F%25 é", "a%2Fb%23c%5B0%5D%21%7E%3F%25 é~2"]
    assert [node.id for node in workflow.flow if isinstance(node, StepNode)] == [odd.id, odd.id]


def test_nodes_are_found_by_key_and_by_id() -> None:
    workflow = create_workflow("w").then(a).parallel([a, b]).dountil(a, positive)
    first, block, loop = workflow.flow

    assert workflow.node_at("a") is first
    assert workflow.node_at("parallel_0") is block
    assert workflow.node_at("a~2") == StepNode("a~2", a)
    assert workflow.node_at("a~3") is loop
    assert workflow.node_at("c") is None
    assert workflow.steps_by_id == {"a": StepNode("a", a), "b": StepNode("b", b)}


def test_a_map_keeps_its_sources_and_says_whether_it_calls_user_code() -> None:
    picking = {"x": {"step": a, "path": "v"}}
    workflow = create_workflow("w").map(picking).map({"x": {"fn": positive}}).map(positive)
    nodes = [node for node in workflow.flow if isinstance(node, MapNode)]

    assert [node.mapping for node in nodes] == [picking, {"x": {"fn": positive}}, positive]
    assert [node.calls_user_code for node in nodes] == [False, True, True]


def test_schemas_of_a_workflow_default_to_those_of_the_steps_at_its_ends() -> None:
    first = create_step("first", execute=lambda ctx: None, input_schema=int)
    last = create_step("last", execute=lambda ctx: None, output_schema=str)

    workflow = create_workflow("w").then(create_workflow("inner").then(first)).then(last)

    assert workflow.input_schema is first.input_schema
    assert workflow.output_schema is last.output_schema


def test_a_workflow_that_begins_with_a_block_has_no_schema_unless_it_says_so() -> None:
    typed = create_step("typed", execute=lambda ctx: None, input_schema=int, output_schema=int)

    silent = create_workflow("silent").parallel([typed])
    telling = create_workflow("telling", input_schema=str).then(typed)

    assert (silent.input_schema, silent.output_schema) == (None, None)
    assert telling.input_schema is not None
    assert telling.input_schema.source is str


def test_what_is_said_about_a_workflow_can_be_read() -> None:
    workflow = create_workflow("w", description="About", metadata={"k": 1}, validate_inputs=False)

    assert (workflow.description, workflow.metadata, workflow.validate_inputs) == (
        "About",
        {"k": 1},
        False,
    )
    assert workflow.retry_config.attempts == 0
    assert workflow.committed is False
    assert workflow.module == __name__


def test_a_committed_workflow_and_its_parts_cannot_be_changed() -> None:
    inner = create_workflow("inner").then(a)
    workflow = create_workflow("w").then(inner).commit()

    for frozen in (workflow, inner):
        with pytest.raises(AlreadyCommitted, match="is committed and cannot be changed"):
            frozen.then(b)

    assert len(workflow.flow) == len(inner.flow) == 1


def test_committing_again_changes_nothing() -> None:
    workflow = create_workflow("w").then(a).commit()

    assert workflow.commit() is workflow
