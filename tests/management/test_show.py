from __future__ import annotations

import re

from runs import create_step, create_workflow
from runs.definition import isolated_registry
from runs.demo.workflows import greet_customer, nightly_report

from .conftest import abandon


def words(outcome):
    return [line.split() for line in outcome.lines if line]


def test_a_finished_run_shows_its_steps_tries_and_result(cli):
    cli("start", "flaky-payment", "--run-id", "f1", "--input", '{"amount": 10, "failures": 2}')

    outcome = cli("show", "f1")

    shown = words(outcome)
    assert outcome.code == 0
    assert shown[:2] == [["flaky-payment/f1"], ["status", "success"]]
    assert ["input", '{"amount":', "10,", '"failures":', "2}"] in shown
    (charge,) = [line for line in shown if line[0] == "charge-card"]
    assert (charge[:2], charge[-1]) == (["charge-card", "success"], "3")
    assert outcome.out.endswith(
        'Result\n  {\n    "message": "Receipt paid-10 after 3 attempt(s)"\n  }\n'
    )


def test_a_failed_run_shows_why(cli):
    cli("start", "flaky-payment", "--run-id", "f1", "--input", '{"amount": 10, "failures": 3}')

    shown = words(cli("show", "f1"))

    assert shown[1] == ["status", "failed:", "Card", "declined", "(attempt", "3)"]
    (charge,) = [line for line in shown if line[0] == "charge-card"]
    assert charge[1] == "failed"
    assert charge[-5:] == ["3", "Card", "declined", "(attempt", "3)"]


def test_a_suspended_run_shows_what_it_waits_for(cli):
    cli(
        *("start", "order-approval", "--run-id", "o1"),
        *("--input", '{"orderId": "A1", "quantity": 3, "unitPrice": 50}'),
    )

    outcome = cli("show", "o1")

    assert words(outcome)[1] == ["status", "suspended:", "waits", "for", "manager-approval"]
    assert "Waits for manager-approval\n" in outcome.out
    assert '    "reason": "Order needs approval",\n' in outcome.out
    assert "  label   manager-decision\n" in outcome.out


def test_a_loop_shows_its_iterations_and_a_nested_workflow_its_steps(cli):
    cli("start", "countdown", "--run-id", "c1", "--input", '{"from": 3}')
    cli("start", "refund-request", "--run-id", "r1", "--input", '{"orderId": "o", "amount": 5}')

    ticks = [line for line in words(cli("show", "c1")) if line[0] == "tick"]
    refund = [line[0] for line in words(cli("show", "r1"))]

    assert [line[-2:] for line in ticks] == [["iteration", "3"]]
    assert refund.index("refund-payment") < refund.index("refund-payment.fraud-check")


def test_a_sleeping_run_shows_until_when(cli):
    run = nightly_report.create_run(run_id="n1")
    abandon(run, {"day": "Monday"}, at="workflow-step-waiting")

    _, status, *_ = cli("show", "n1").lines

    assert re.fullmatch(
        r"  status    (waiting|running): sleeps until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", status
    )


def test_a_run_nobody_has_taken_up_shows_that_it_waits_for_a_worker(cli):
    greet_customer.create_run(run_id="g1")
    greet_customer.create_run(run_id="g2", execution="background").start_async({"name": "ann"})

    assert cli("show", "g1").lines[1] == "  status    pending: not started"
    assert cli("show", "g2").lines[1] == "  status    running: waits for a worker"


def test_a_run_whose_workflow_is_gone_is_still_shown(cli, registry):
    workflow = create_workflow(id="gone").then(create_step(id="a", execute=lambda ctx: 1)).commit()
    workflow.create_run(run_id="x1").start()

    with isolated_registry():
        outcome = cli("show", "x1")

    assert (outcome.code, outcome.lines[:2]) == (0, ["gone/x1", "  status    success"])


def test_the_state_is_shown(cli):
    cli(
        *("start", "shopping-cart", "--run-id", "s1", "--state", '{"items": [], "total": 0}'),
        *("--input", '{"item": "pear", "price": 5}'),
    )

    assert ["state", '{"items":', '["pear"],', '"total":', "5}"] in words(cli("show", "s1"))


def test_json_is_the_record_of_the_wire(cli):
    cli("start", "greet-customer", "--run-id", "g1", "--input", '{"name": "ann"}')

    record = cli("show", "g1", "--json").json()

    assert (record["runId"], record["workflowName"]) == ("g1", "greet-customer")
    assert record["payload"] == {"name": "ann", "language": "en"}
    assert list(record["steps"]) == ["normalize-name", "compose-greeting"]


def test_an_unknown_run_is_refused(cli):
    outcome = cli("show", "greet-customer/nope")

    assert (outcome.code, outcome.err) == (2, "Workflow run not found: greet-customer/nope")
