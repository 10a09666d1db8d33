"""System checks: a setting that cannot work is named before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings


def ids() -> list[str | None]:
    return [message.id for message in run_checks() if message.id and message.id.startswith("runs.")]


def test_the_defaults_pass() -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RUNS_LEASE_SECONDS", "15", "runs.E001"),
        ("RUNS_WORKER_SLOTS", 1.5, "runs.E001"),
        ("RUNS_WORKER_SLOTS", True, "runs.E001"),
        ("RUNS_WORKER_SLOTS", 0, "runs.E002"),
        ("RUNS_SWEEP_SECONDS", 0.0, "runs.E002"),
        ("RUNS_HOLD_SECONDS", -1.0, "runs.E002"),
        ("RUNS_EXECUTION", "later", "runs.E003"),
        ("RUNS_LEASE_SECONDS", 0.4, "runs.E004"),
        ("RUNS_WORKER_TIMEOUT_SECONDS", 0.4, "runs.E004"),
        ("RUNS_API_RATE", "often", "runs.E006"),
        ("Q_CLUSTER", {"timeout": 60, "retry": 60}, "runs.E005"),
        ("Q_CLUSTER", {"timeout": 90}, "runs.E005"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(
    settings: Settings, name: str, value: Any, expected: str
) -> None:
    setattr(settings, name, value)

    assert ids() == [expected]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RUNS_LEASE_SECONDS", 60),
        ("RUNS_HOLD_SECONDS", 0.0),
        ("RUNS_MAX_RECOVERIES", 0),
        ("Q_CLUSTER", {"timeout": 60, "retry": 61}),
        ("Q_CLUSTER", {"timeout": None}),
    ],
)
def test_a_setting_at_the_edge_of_its_range_is_accepted(
    settings: Settings, name: str, value: Any
) -> None:
    setattr(settings, name, value)

    assert ids() == []


def test_a_refusal_names_the_setting_its_value_and_the_reason(settings: Settings) -> None:
    settings.RUNS_LEASE_SECONDS = 0.4

    [message] = [found for found in run_checks() if found.id == "runs.E004"]

    assert (message.msg, message.hint) == (
        "RUNS_LEASE_SECONDS (0.4) must be more than twice RUNS_HEARTBEAT_SECONDS (0.2).",
        "Else one late heartbeat takes a run away from a worker that is alive.",
    )
