from __future__ import annotations

import re
import signal

import pytest

from runs import create_step, create_workflow
from runs.models import Run

LARGE_ORDER = '{"orderId":"A1","quantity":3,"unitPrice":50}'
TIME = re.compile(r"^\d\d:\d\d:\d\d\.\d{3}")
TOOK = re.compile(r"\d+ ms")


def masked(lines: list[str]) -> list[str]:
    """Progress without its times and durations."""
    return [" ".join(TOOK.sub("N ms", TIME.sub("", line)).split()) for line in lines]


def test_a_run_is_shown_step_by_step_and_then_its_result(cli):
    outcome = cli("start", "greet-customer", "--run-id", "g1", "--input", '{"name": "ann"}')

    assert outcome.code == 0
    assert masked(outcome.lines) == [
        "greet-customer/g1",
        "normalize-name running",
        'normalize-name success N ms {"name": "Ann", "language": "en"}',
        "compose-greeting running",
        'compose-greeting success N ms {"greeting": "Hello, Ann!", "length": 11}',
        "success",
        "{",
        '"greeting": "Hello, Ann!",',
        '"length": 11',
        "}",
    ]


def test_a_suspended_run_says_what_it_waits_for_and_how_to_answer(cli):
    outcome = cli("start", "order-approval", "--run-id", "o1", "--input", LARGE_ORDER)

    report = outcome.out[outcome.out.index("suspended: waits for") :]
    assert outcome.code == 0
    assert report == (
        "suspended: waits for manager-approval\n"
        "\n"
        "Waits for manager-approval\n"
        "  {\n"
        '    "reason": "Order needs approval",\n'
        '    "total": 150\n'
        "  }\n"
        "  label   manager-decision\n"
        "  answer  approved (boolean, required)\n"
        "          approver (string, required)\n"
        "  resume  python manage.py runs resume order-approval/o1"
        """ --data '{"approved": true, "approver": "..."}'\n"""
    )


def test_a_failed_run_is_an_exit_code_of_one_and_its_reason(cli):
    outcome = cli("start", "flaky-payment", "--input", '{"amount": 10, "failures": 3}')

    assert outcome.code == 1
    assert outcome.lines[-1] == "failed: Card declined (attempt 3)"


def test_json_is_the_result_of_the_wire_and_nothing_else(cli):
    outcome = cli(
        "start", "greet-customer", "--json", "--run-id", "g1", "--input", '{"name":"ann"}'
    )

    result = outcome.json()
    assert outcome.code == 0
    assert (result["status"], result["runId"]) == ("success", "g1")
    assert result["result"] == {"greeting": "Hello, Ann!", "length": 11}
    assert result["stepExecutionPath"] == ["normalize-name", "compose-greeting"]


def test_the_input_may_come_from_a_file(cli, tmp_path):
    path = tmp_path / "input.json"
    path.write_text('{"name": "ann"}')

    outcome = cli("start", "greet-customer", "--json", "--input", f"@{path}")

    assert outcome.json()["input"] == {"name": "ann", "language": "en"}


def test_state_context_and_resource_reach_the_run(cli):
    cart = cli(
        *("start", "shopping-cart", "--json"),
        *("--state", '{"items": ["fig"], "total": 2}'),
        *("--input", '{"item": "pear", "price": 3}'),
    )
    echo = cli(
        *("start", "tenant-echo", "--json", "--run-id", "e1", "--resource-id", "customer-7"),
        *("--context", '{"tenant": "acme"}', "--input", '{"ask": "who?"}'),
    )

    assert cart.json()["result"] == {"receipt": "fig+pear = 5"}
    assert echo.json()["result"] == {"tenant": "acme", "resourceId": "customer-7", "runId": "e1"}


def test_one_step_at_a_time(cli):
    outcome = cli(
        *("start", "greet-customer", "--run-id", "g1", "--per-step"),
        *("--input", '{"name": "ann"}'),
    )

    assert outcome.code == 0
    assert outcome.lines[-1] == (
        "paused: did one step; go on with"
        " python manage.py runs time-travel greet-customer/g1 --step NEXT_STEP --per-step"
    )


def test_a_wrong_input_is_said_plainly_and_leaves_no_run_behind(cli):
    outcome = cli("start", "greet-customer", "--input", '{"name": ""}')

    assert outcome.code == 2
    assert outcome.err.startswith("Invalid input data: \n- name: ")
    assert not Run.objects.exists()


def test_a_run_made_under_a_chosen_id_stays_to_be_started_again(cli):
    refused = cli("start", "greet-customer", "--run-id", "g1", "--input", '{"name": ""}')
    started = cli("start", "greet-customer", "--run-id", "g1", "--input", '{"name": "ann"}')

    assert (refused.code, started.code) == (2, 0)


def test_an_unknown_workflow_is_refused_with_those_there_are(cli):
    outcome = cli("start", "nope")

    assert outcome.code == 2
    assert outcome.err.startswith("Workflow not found: nope. The workflows are: batch-approval, ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--input", "{"), "--input is not valid JSON: "),
        (("--state", "[]"), "--state must be a JSON object"),
        (("--context", "7"), "--context must be a JSON object"),
    ],
)
def test_what_is_no_json_is_refused_before_a_run_is_made(cli, arguments, message):
    outcome = cli("start", "greet-customer", *arguments)

    assert outcome.code == 2
    assert outcome.err.startswith(message)
    assert not Run.objects.exists()


def test_a_canceled_run_is_an_exit_code_of_three(cli, registry):
    step = create_step(id="give-up", execute=lambda ctx: ctx.abort())
    create_workflow(id="given-up").then(step).commit()

    outcome = cli("start", "given-up")

    assert outcome.code == 3
    assert outcome.lines[-1] == "canceled"


def test_a_run_whose_process_is_interrupted_can_be_restarted(cli, registry):
    asked = []

    def wait(ctx):
        if not asked:
            asked.append(True)
            signal.raise_signal(signal.SIGINT)
        return {"done": True}

    create_workflow(id="interrupted").then(create_step(id="wait", execute=wait)).commit()

    outcome = cli("start", "interrupted", "--run-id", "i1")

    assert outcome.code == 130
    assert outcome.lines[-2:] == [
        "Stopped: interrupted/i1 was executed by this process.",
        "A worker takes it over; without workers: python manage.py runs restart interrupted/i1",
    ]


def test_without_a_worker_it_says_so_instead_of_waiting(cli, settings):
    settings.RUNS_EXECUTION = "background"

    outcome = cli("start", "greet-customer", "--run-id", "g1", "--input", '{"name": "ann"}')

    assert outcome.code == 2
    assert outcome.err.startswith("No worker is alive to execute run greet-customer/g1.")


def test_a_run_left_to_the_workers_is_named_at_once(cli, settings):
    settings.RUNS_EXECUTION = "background"

    outcome = cli(
        *("start", "greet-customer", "--run-id", "g1", "--no-wait"),
        *("--input", '{"name": "ann"}'),
    )

    assert outcome.code == 0
    assert outcome.lines == [
        "greet-customer/g1",
        "Follow it with: python manage.py runs tail greet-customer/g1",
    ]
