from __future__ import annotations

import pytest

ANSWER = '{"approved": true, "approver": "Mia"}'


@pytest.fixture
def order(cli):
    """A large order that waits for its manager."""
    cli(
        *("start", "order-approval", "--run-id", "order-1"),
        *("--input", '{"orderId": "A1", "quantity": 3, "unitPrice": 50}'),
    )
    return "order-1"


@pytest.mark.parametrize(
    "reference", ["order-approval/order-1", "order-1", "ord", "order-approval/o"]
)
def test_a_run_is_found_by_its_names_and_their_beginnings(cli, order, reference):
    outcome = cli("resume", reference, "--data", ANSWER, "--json")

    assert outcome.code == 0
    assert outcome.json()["result"] == {
        "fulfil-order": {"message": "Order A1 fulfilled (approved by Mia)"}
    }


@pytest.mark.parametrize("which", [("--step", "manager-approval"), ("--label", "manager-decision")])
def test_the_step_may_be_named(cli, order, which):
    outcome = cli("resume", order, "--data", ANSWER, *which)

    assert outcome.code == 0
    assert '"message": "Order A1 fulfilled (approved by Mia)"' in outcome.out


def test_the_answer_is_shown_as_the_step_goes_on(cli, order):
    outcome = cli("resume", order, "--data", ANSWER)

    words = [line.split()[1:] for line in outcome.lines]
    assert words[0] == ["manager-approval", "resumed", *ANSWER.split()]


def test_the_command_line_given_for_each_open_question_answers_it(cli):
    cli(
        *("start", "batch-approval", "--run-id", "b1"),
        *("--input", '[{"who": "bob", "amount": 70}, {"who": "cid", "amount": 80}]'),
    )

    first = cli("resume", "b1", "--data", '{"ok": false}')
    second = cli("resume", "b1", "--index", "1", "--data", '{"ok": true}', "--json")

    assert "suspended: waits for review-expense, item 1" in first.out
    assert '"ask": "cid: 80?"' in first.out
    assert second.json()["result"] == {"approved": ["cid"], "refused": ["bob"]}


def test_a_question_of_a_nested_workflow_is_answered_by_its_dotted_name(cli):
    started = cli(
        *("start", "refund-request", "--run-id", "r1"),
        *("--input", '{"orderId": "o1", "amount": 900}'),
    )
    resumed = cli(
        *("resume", "r1", "--step", "refund-payment.fraud-check"),
        *("--data", '{"reviewer": "Mia"}', "--json"),
    )

    assert "Waits for refund-payment.fraud-check\n" in started.out
    assert "  answer  reviewer (string, required)\n" in started.out
    assert resumed.json()["result"] == {"message": "Refunded 900 for O1 (checked by Mia)"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--data", '{"approved": true}'), "Invalid resume data: \n- approver: "),
        (("--data", ANSWER, "--step", "price-order"), 'This workflow step "price-order" was not'),
        (("--data", "yes"), "--data is not valid JSON: "),
    ],
)
def test_a_wrong_answer_leaves_the_run_suspended(cli, order, arguments, message):
    outcome = cli("resume", order, *arguments)

    assert outcome.code == 2
    assert outcome.err.startswith(message)
    assert cli("show", order, "--json").json()["status"] == "suspended"


def test_a_run_that_is_not_suspended_is_refused(cli, order):
    cli("resume", order, "--data", ANSWER)

    outcome = cli("resume", order, "--data", ANSWER)

    assert (outcome.code, outcome.err) == (2, "This workflow run was not suspended")


def test_an_unknown_run_is_refused(cli):
    outcome = cli("resume", "nope", "--data", ANSWER)

    assert (outcome.code, outcome.err) == (2, "Workflow run not found: nope")


def test_a_beginning_that_fits_several_runs_is_refused_with_their_names(cli):
    for run_id in ("g1", "g2"):
        cli("start", "greet-customer", "--run-id", run_id, "--input", '{"name": "ann"}')

    outcome = cli("show", "g")

    assert outcome.code == 2
    assert outcome.err.splitlines() == [
        "g may be any of these runs:",
        "  greet-customer/g2",
        "  greet-customer/g1",
    ]


def test_a_whole_id_is_not_taken_for_the_beginning_of_another(cli):
    for run_id in ("g1", "g10"):
        cli("start", "greet-customer", "--run-id", run_id, "--input", '{"name": "ann"}')

    assert cli("show", "g1", "--json").json()["runId"] == "g1"
