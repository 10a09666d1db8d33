"""A fingerprint tells two definitions apart, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from runs import Step, Workflow, create_step, create_workflow

ROOT = Path(__file__).resolve().parents[2]


class Order(BaseModel):
    amount: float


def step(id: str, **options: Any) -> Step:
    return create_step(id, execute=lambda ctx: None, **options)


def defined(*, sleep: Any = 1, value: int = 1, **options: Any) -> Workflow:
    inner = create_workflow("inner").then(step("c", **options))
    return (
        create_workflow("w")
        .then(step("a"))
        .parallel([step("b"), inner])
        .map({"x": {"value": value}})
        .sleep(sleep)
    )


def test_the_same_definition_has_the_same_fingerprint() -> None:
    assert defined().fingerprint == defined().fingerprint
    assert len(defined().fingerprint) == 32


@pytest.mark.parametrize(
    "change",
    [
        lambda: defined(sleep=2),
        lambda: defined(value=2),
        lambda: defined(input_schema=Order),
        lambda: defined(resume_schema={}),
        lambda: defined().then(step("d")),
        lambda: create_workflow("w").then(step("a")),
    ],
)
def test_another_structure_or_schema_has_another_fingerprint(
    change: Callable[[], Workflow],
) -> None:
    assert change().fingerprint != defined().fingerprint


def test_options_of_execution_do_not_count() -> None:
    assert defined(retries=3, timeout=5.0).fingerprint == defined().fingerprint


def test_a_date_that_is_computed_at_import_does_not_count() -> None:
    first, second = (
        create_workflow("w").sleep_until(datetime(year, 1, 1, tzinfo=UTC)) for year in (2026, 2027)
    )

    assert first.fingerprint == second.fingerprint


def test_the_fingerprint_follows_the_flow_until_it_is_committed() -> None:
    workflow = create_workflow("w").then(step("a"))
    before = workflow.fingerprint

    workflow.then(step("b")).commit()

    assert workflow.fingerprint != before
    assert workflow.fingerprint is workflow.fingerprint


SCRIPT = """
from typing import Literal
from pydantic import BaseModel
from runs import create_step, create_workflow

class Order(BaseModel):
    kind: Literal["a", "b", "c"]
    lines: list["Order"] = []

a = create_step("a", execute=lambda ctx: None, input_schema=Order)
w = create_workflow("w").branch([(lambda ctx: True, a)]).map(lambda ctx: None)
print(w.fingerprint)
"""


def test_every_process_finds_the_same_fingerprint() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(found) == 1
    assert len(found.pop().strip()) == 32
