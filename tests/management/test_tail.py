from __future__ import annotations

import json
import signal
from io import StringIO

import pytest
from django.core.management import call_command

from runs.demo.workflows import long_job


@pytest.fixture
def greeting(cli):
    """A finished run with six events."""
    cli("start", "greet-customer", "--run-id", "g1", "--input", '{"name": "ann"}')
    return "g1"


def told(outcome):
    """Number, name and status of each line of progress."""
    return [line.split()[0:1] + line.split()[2:4] for line in outcome.lines[1:-1]]


def test_events_are_numbered_from_the_first(cli, greeting):
    outcome = cli("tail", greeting)

    assert outcome.code == 0
    assert outcome.lines[0].split() == ["0", "greet-customer", "started"]
    assert told(outcome) == [
        ["1", "normalize-name", "running"],
        ["2", "normalize-name", "success"],
        ["3", "compose-greeting", "running"],
        ["4", "compose-greeting", "success"],
    ]
    assert outcome.lines[-1].split() == ["5", "success"]


def test_a_tail_may_begin_in_the_middle(cli, greeting):
    assert cli("tail", greeting, "--from", "4").out == (cli("tail", greeting).out.split("\n", 4)[4])


def test_json_is_one_event_of_the_wire_a_line(cli, greeting):
    events = [json.loads(line) for line in cli("tail", greeting, "--json").lines]

    assert [event["type"] for event in events] == [
        "workflow-start",
        "workflow-step-start",
        "workflow-step-result",
        "workflow-step-start",
        "workflow-step-result",
        "workflow-finish",
    ]
    assert {event["runId"] for event in events} == {"g1"}


def test_the_end_of_a_failed_run_is_its_exit_code(cli):
    cli("start", "flaky-payment", "--run-id", "f1", "--input", '{"amount": 10, "failures": 3}')

    outcome = cli("tail", "f1")

    assert outcome.code == 1
    assert outcome.lines[-1].split()[1:] == ["failed"]


def test_a_run_that_waits_says_for_what_at_the_end(cli):
    cli(
        *("start", "order-approval", "--run-id", "o1"),
        *("--input", '{"orderId": "A1", "quantity": 3, "unitPrice": 50}'),
    )

    outcome = cli("tail", "o1")

    assert outcome.code == 0
    assert "\nWaits for manager-approval\n" in outcome.out


def test_a_negative_number_is_refused(cli, greeting):
    outcome = cli("tail", greeting, "--from", "-1")

    assert (outcome.code, outcome.err) == (2, "--from must be 0 or more.")


class InterruptedWhen(StringIO):
    """A terminal at which somebody presses Ctrl-C as soon as a certain word appears."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._word and self._word in text:
            self._word = ""
            signal.raise_signal(signal.SIGINT)
        return written


def test_ctrl_c_leaves_the_run_to_its_worker(transactional_db, settings):
    settings.RUNS_EXECUTION = "background"
    run = long_job.create_run(run_id="j1", execution="background")
    run.start_async({"chunks": 1, "delayMs": 1})
    terminal = InterruptedWhen("started")

    with pytest.raises(SystemExit) as stop:
        call_command("runs", "tail", "j1", stdout=terminal, no_color=True)

    assert stop.value.code == 130
    assert terminal.getvalue().splitlines()[-2:] == [
        "Detached: long-job/j1 goes on without you.",
        "Follow it with: python manage.py runs tail long-job/j1",
    ]
