from __future__ import annotations

from runs import get_workflow
from runs.demo import workflows as demo

DESCRIPTIONS = {
    "greet-customer": "Two plain steps in a row",
    "order-approval": "Human in the loop: large orders wait for a manager",
    "document-pipeline": "Foreach, then parallel, then a mapping",
    "countdown": "Loops: down until zero, then up while below two",
    "refund-payment": "The nested part of refund-request; also usable on its own",
    "refund-request": "A workflow used as a step of another workflow",
    "nightly-report": "Sleeps for a fixed time, for a computed time, and until a computed date",
    "flaky-payment": "Two retries; fails for good on the third failure",
    "long-job": "Long, cancellable, reports progress",
    "shopping-cart": "Steps share workflow state",
    "import-contacts": "A step writes its own chunks to the stream",
    "batch-approval": "Foreach whose items may suspend one by one",
    "ticket-triage": "Branches (several may match) and an early bail",
    "tenant-echo": "Echoes request context, resource id and run id",
    "ship-order": "Meant to be interrupted by a server crash and restarted",
}


def test_fifteen_workflows_are_found_with_their_descriptions():
    exported = [getattr(demo, name) for name in demo.__all__]

    assert {workflow.id: workflow.description for workflow in exported} == DESCRIPTIONS
    assert all(get_workflow(workflow.id) is workflow for workflow in exported)


def test_schemas_use_the_names_of_the_wire():
    properties = demo.order_approval.input_schema.json_schema["properties"]

    assert sorted(properties) == ["orderId", "quantity", "unitPrice"]
    assert properties["quantity"]["type"] == "integer"
    assert properties["unitPrice"]["type"] == "number"


def test_workflows_take_the_schemas_of_their_first_and_last_steps():
    for name in demo.__all__:
        workflow = getattr(demo, name)
        assert workflow.input_schema is not None, workflow.id
        assert workflow.output_schema is not None, workflow.id
