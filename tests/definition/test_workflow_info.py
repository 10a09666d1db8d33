"""What clients are told about a workflow."""

from __future__ import annotations

import json
from typing import Any

from runs import create_step, create_workflow
from runs.definition.graph import workflow_info

TEXT = {"type": "string"}
OBJECT = {"type": "object", "properties": {"n": {"type": "integer", "default": 1}}}

a = create_step(
    "a", execute=lambda ctx: None, description="desc", metadata={"k": 1}, input_schema=OBJECT
)
b = create_step("b", execute=lambda ctx: None, output_schema=TEXT, resume_schema=TEXT)
inner = create_workflow("inner", description="d").then(b).sleep(1)
workflow = (
    create_workflow("w", metadata={"group": "basics"}, state_schema=OBJECT)
    .then(a)
    .foreach(inner)
    .map(lambda ctx: None)
    .parallel([a, b])
)


def text(schema: dict[str, Any]) -> str:
    enveloped = {"json": {"$schema": "http://json-schema.org/draft-07/schema#", **schema}}
    return json.dumps(enveloped, separators=(",", ":"))


STEP_A = {"id": "a", "description": "desc", "metadata": {"k": 1}, "inputSchema": text(OBJECT)}
STEP_B = {"id": "b", "outputSchema": text(TEXT), "resumeSchema": text(TEXT)}
INNER = {"id": "inner", "description": "d", "component": "WORKFLOW"}
MAPPING = {"id": "mapping_w_0"}
COMMON = {
    "name": "w",
    "metadata": {"group": "basics"},
    "stepGraph": workflow.serialized_step_graph,
    "options": {"validateInputs": True, "emitStepEvents": True},
    "origin": "code",
    "isProcessorWorkflow": False,
}


def test_the_full_info_has_steps_at_every_depth_and_schemas() -> None:
    info = workflow_info(workflow)

    assert info == {
        **COMMON,
        "steps": {"a": STEP_A, "inner": INNER, "mapping_w_0": MAPPING, "b": STEP_B},
        "allSteps": {
            "a": {**STEP_A, "isWorkflow": False},
            "inner": {**INNER, "isWorkflow": True},
            "inner.b": {**STEP_B, "isWorkflow": False},
            "inner.sleep_inner_0": {"id": "sleep_inner_0", "isWorkflow": False},
            "mapping_w_0": {**MAPPING, "isWorkflow": False},
            "b": {**STEP_B, "isWorkflow": False},
        },
        "inputSchema": text(OBJECT),
        "stateSchema": text(OBJECT),
    }
    assert list(info["steps"]) == ["a", "inner", "mapping_w_0", "b"]


def test_the_partial_info_counts_the_steps_instead() -> None:
    assert workflow_info(workflow, partial=True) == {
        **COMMON,
        "stepCount": 4,
        "steps": {},
        "allSteps": {},
    }


def test_whether_inputs_are_validated_is_told() -> None:
    trusting = create_workflow("trusting", validate_inputs=False).then(a)

    assert workflow_info(trusting)["options"]["validateInputs"] is False
