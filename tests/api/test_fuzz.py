"""Requests that nobody thought of: whatever comes, the answer is one that the document names.

They are made from the OpenAPI document, wrong ones too, the same ones each time. Some workflows
and runs exist, so that not every request ends with "not found".
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from runs import get_workflow

pytestmark = pytest.mark.django_db(transaction=True)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ORDER = {"orderId": "A1", "quantity": 3, "unitPrice": 60}
GREETING = {"name": "ada", "language": "en"}
IDS = {
    "workflow_id": ["order-approval", "greet-customer", "nope"],
    "run_id": ["pending", "suspended", "finished", "nope"],
    "runId": ["pending", "suspended", "finished", "nope"],
}
#: Members of bodies that would never be guessed.
RECORD = {
    "type": "object",
    "properties": {"status": {"enum": ["success", "failed", "suspended", 1]}, "output": {}},
}
MEMBERS = {
    "step": {"enum": ["price-order", "manager-approval", "normalize-name", ["a", "b"], "", []]},
    "context": {"type": "object", "properties": {"price-order": RECORD}},
    "resumeData": {"enum": [{"approved": True, "approver": "Mia"}, None, {"approved": 1}]},
    "inputData": {"enum": [ORDER, GREETING, {}, [], None]},
}
EXAMPLES = 12


def document() -> dict[str, Any]:
    """The document, with the ids that exist among those to be tried."""
    found = SchemaGenerator().get_schema(public=True)
    del found["components"]["securitySchemes"]
    for methods in found["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
            for body in operation.get("requestBody", {}).get("content", {}).values():
                members = body["schema"].get("properties", {})
                members |= {name: MEMBERS[name] for name in MEMBERS if name in members}
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in IDS:
                    parameter["schema"] = {"type": "string", "enum": IDS[parameter["name"]]}
    return dict(found)


SCHEMA = schemathesis.openapi.from_dict(document())
SCHEMA.app = get_wsgi_application()
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


@pytest.fixture
def some_runs() -> None:
    approval, greet = get_workflow("order-approval"), get_workflow("greet-customer")
    for workflow, given_input in ((approval, ORDER), (greet, GREETING)):
        workflow.create_run(run_id="pending")
        workflow.create_run(run_id="suspended").start(given_input)
        workflow.create_run(run_id="finished").start(given_input)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_whatever_is_sent_gets_an_answer_that_is_documented(
    operation: Any, some_runs: None, settings_of_django: None
) -> None:
    strategies = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(strategies))
    def send(case: Any) -> None:
        case.validate_response(case.call(), checks=CHECKS)

    send()


@pytest.fixture
def settings_of_django(settings: Settings) -> None:
    settings.RUNS_API_PUBLIC = True
