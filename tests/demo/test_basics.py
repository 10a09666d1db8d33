from __future__ import annotations

import pytest

from runs.demo.workflows import greet_customer, tenant_echo
from runs.exceptions import InvalidInput


def test_a_name_is_tidied_and_greeted_in_its_language(start, outputs):
    result = start(greet_customer, {"name": "  ada   LOVELACE ", "language": "fr"})

    assert result.status == "success"
    assert result.result == {"greeting": "Bonjour, Ada Lovelace!", "length": 22}
    assert outputs(result) == {
        "normalize-name": {"name": "Ada Lovelace", "language": "fr"},
        "compose-greeting": {"greeting": "Bonjour, Ada Lovelace!", "length": 22},
    }


@pytest.mark.parametrize(
    ("input_data", "greeting"),
    [
        ({"name": "ann"}, "Hello, Ann!"),
        ({"name": "ann", "language": "en"}, "Hello, Ann!"),
        ({"name": "ANN\tDE la cruz", "language": "es"}, "Hola, Ann De La Cruz!"),
        ({"name": "ñandú éclair"}, "Hello, Ñandú Éclair!"),
        ({"name": "ann", "unknown": 1}, "Hello, Ann!"),
    ],
)
def test_greetings(start, input_data, greeting):
    result = start(greet_customer, input_data)

    assert result.result == {"greeting": greeting, "length": len(greeting)}


def test_defaults_are_filled_in_and_unknown_fields_dropped(start):
    result = start(greet_customer, {"name": "ann", "unknown": 1})

    assert result.to_wire()["input"] == {"name": "ann", "language": "en"}


@pytest.mark.parametrize(
    ("input_data", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({}, "name"),
        ({"name": "ann", "language": "de"}, "language"),
        ({"name": "ann", "language": None}, "language"),
    ],
)
def test_a_wrong_input_is_refused_before_anything_runs(create_run, input_data, path):
    run = create_run(greet_customer)

    with pytest.raises(InvalidInput, match=rf"^Invalid input data: \n- {path}: "):
        run.start(input_data)

    run.refresh_from_db()
    assert run.status == "pending"


def test_the_graph_and_schema_of_the_first_workflow():
    assert greet_customer.description == "Two plain steps in a row"
    assert greet_customer.metadata == {"group": "basics"}
    properties = greet_customer.input_schema.json_schema["properties"]
    assert properties["name"]["description"] == "Name of the customer"
    assert properties["name"]["minLength"] == 1
    assert properties["language"]["enum"] == ["en", "es", "fr"]
    assert properties["language"]["default"] == "en"
    assert [node.id for node in greet_customer.flow] == ["normalize-name", "compose-greeting"]


def test_a_step_sees_request_context_resource_and_run(create_run):
    run = create_run(tenant_echo, run_id="echo-1", resource_id="customer-7")

    result = run.start({"ask": "who?"}, request_context={"tenant": "acme"})

    assert result.result == {"tenant": "acme", "resourceId": "customer-7", "runId": "echo-1"}


def test_what_is_absent_is_null(create_run):
    run = create_run(tenant_echo, run_id="echo-2")

    result = run.start({"ask": "who?"})

    assert result.result == {"tenant": None, "resourceId": None, "runId": "echo-2"}
