"""Cancel, restart, time travel: steering runs that are there already."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from runs.demo.workflows import greet_customer
from runs.models import Run

from .conftest import abandon


@pytest.fixture
def order(cli):
    """A large order that waits for its manager."""
    cli(
        *("start", "order-approval", "--run-id", "o1"),
        *("--input", '{"orderId": "A1", "quantity": 3, "unitPrice": 50}'),
    )
    return "o1"


@pytest.fixture
def greeting(cli):
    cli("start", "greet-customer", "--run-id", "g1", "--input", '{"name": "ann"}')
    return "g1"


def test_a_suspended_run_is_canceled(cli, order):
    outcome = cli("cancel", order)

    assert (outcome.code, outcome.out) == (0, "order-approval/o1: canceled\n")
    assert cli("show", order, "--json").json()["status"] == "canceled"


def test_a_finished_run_is_left_alone(cli, greeting):
    outcome = cli("cancel", greeting)

    assert outcome.code == 0
    assert outcome.out == "greet-customer/g1 was finished already: success\n"


def test_cancel_in_json_tells_the_status(cli, order):
    assert cli("cancel", order, "--json").json()["status"] == "canceled"


def hold_elsewhere() -> None:
    """Let the runs be those of a worker that is alive."""
    Run.objects.update(lease_owner="elsewhere", due_at=timezone.now() + timedelta(seconds=60))


def test_a_run_in_progress_is_canceled_around_its_step(cli):
    run = greet_customer.create_run(run_id="g1")
    abandon(run, {"name": "ann"}, at="workflow-step-start")
    hold_elsewhere()

    outcome = cli("cancel", "g1")

    assert outcome.code == 0
    assert outcome.out == "greet-customer/g1: canceled; the step in progress may still end\n"


def test_a_run_whose_process_died_is_restarted(cli):
    run = greet_customer.create_run(run_id="g1")
    abandon(run, {"name": "ann"}, at="workflow-step-start")
    hold_elsewhere()
    too_early = cli("restart", "g1")
    Run.objects.update(due_at=timezone.now())  # its lease has ended

    outcome = cli("restart", "g1")

    assert (too_early.code, outcome.code) == (2, 0)
    assert too_early.err == "This workflow run is being worked on; it cannot be restarted"
    assert outcome.lines[:2] == ["Restarting greet-customer/g1", "success"]


def test_restart_of_a_finished_run_gives_its_outcome(cli, greeting):
    outcome = cli("restart", greeting, "--json")

    assert outcome.code == 0
    assert outcome.json()["result"] == {"greeting": "Hello, Ann!", "length": 11}


def test_restart_of_a_suspended_run_is_refused(cli, order):
    outcome = cli("restart", order)

    assert (outcome.code, outcome.err) == (2, "This workflow run was not active")


def test_time_travel_runs_again_from_a_step_on(cli, greeting):
    outcome = cli(
        *("time-travel", greeting, "--step", "compose-greeting"),
        *("--input", '{"name": "Zoë", "language": "es"}'),
    )

    assert outcome.code == 0
    assert '  "greeting": "Hola, Zoë!",\n' in outcome.out
    assert "normalize-name" not in outcome.out


def test_time_travel_may_bring_the_answer_along(cli, order):
    outcome = cli(
        *("time-travel", order, "--step", "manager-approval", "--json"),
        *("--resume-data", '{"approved": false, "approver": "Noa"}'),
    )

    assert outcome.json()["result"] == {"reject-order": {"message": "Order A1 rejected by Noa"}}


def test_time_travel_may_bring_the_records_before_along(cli, order):
    context = '{"price-order": {"status": "success", "output": {"orderId": "B2", "total": 10}}}'

    outcome = cli(
        "time-travel", order, "--step", "manager-approval", "--context", context, "--json"
    )

    assert outcome.json()["result"] == {
        "fulfil-order": {"message": "Order B2 fulfilled (approved by auto)"}
    }


def test_time_travel_to_an_unknown_step_is_refused(cli, greeting):
    outcome = cli("time-travel", greeting, "--step", "nope")

    assert outcome.code == 2
    assert outcome.err.startswith("Cannot time travel to step 'nope': the step does not exist")
