from __future__ import annotations

import pytest


@pytest.fixture
def three_runs(cli):
    """Two greetings and an order that waits."""
    cli("start", "greet-customer", "--run-id", "g1", "--input", '{"name": "ann"}')
    cli(
        *("start", "greet-customer", "--run-id", "g2", "--input", '{"name": "bob"}'),
        *("--resource-id", "customer-7"),
    )
    cli(
        *("start", "order-approval", "--run-id", "o1"),
        *("--input", '{"orderId": "A1", "quantity": 3, "unitPrice": 50}'),
    )


def listed(outcome):
    return [line.split()[:2] for line in outcome.lines]


def test_no_runs_are_said_to_be_none(cli):
    outcome = cli("list")

    assert (outcome.code, outcome.out) == (0, "No runs.\n")


def test_runs_are_listed_newest_first(cli, three_runs):
    assert listed(cli("list")) == [
        ["RUN", "STATUS"],
        ["order-approval/o1", "suspended"],
        ["greet-customer/g2", "success"],
        ["greet-customer/g1", "success"],
    ]


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        (("--workflow", "greet-customer"), ["g2", "g1"]),
        (("--status", "suspended"), ["o1"]),
        (("--resource-id", "customer-7"), ["g2"]),
        (("--workflow", "greet-customer", "--status", "failed"), []),
    ],
)
def test_runs_are_filtered(cli, three_runs, arguments, runs):
    found = cli("list", "--json", *arguments).json()

    assert [run["runId"] for run in found["runs"]] == runs
    assert found["total"] == len(runs)


def test_a_long_list_is_cut_and_says_so(cli, three_runs):
    outcome = cli("list", "--limit", "2")

    assert listed(outcome)[1:3] == [
        ["order-approval/o1", "suspended"],
        ["greet-customer/g2", "success"],
    ]
    assert outcome.lines[-1] == "2 of 3 runs; see more with --limit."


def test_a_run_in_json_has_the_names_of_the_wire(cli, three_runs):
    (run,) = cli("list", "--json", "--resource-id", "customer-7").json()["runs"]

    assert list(run) == [
        "runId",
        "workflowName",
        "resourceId",
        "createdAt",
        "updatedAt",
        "status",
    ]
    assert (run["workflowName"], run["resourceId"]) == ("greet-customer", "customer-7")
    assert run["createdAt"].endswith("Z")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--workflow", "nope"), "Workflow not found: nope. "),
        (("--limit", "0"), "--limit must be 1 or more."),
    ],
)
def test_a_filter_that_cannot_match_is_refused(cli, arguments, message):
    outcome = cli("list", *arguments)

    assert outcome.code == 2
    assert outcome.err.startswith(message)
