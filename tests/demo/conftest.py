from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runs import Workflow


@pytest.fixture
def create_run(transactional_db: None) -> Callable[..., Any]:
    """Create a run that executes in the test's own process."""

    def create(workflow: Workflow, **options: Any) -> Any:
        return workflow.create_run(execution="inline", **options)

    return create


@pytest.fixture
def start(create_run: Callable[..., Any]) -> Callable[..., Any]:
    """Start a new run of a workflow and wait for its outcome."""

    def start_run(workflow: Workflow, input_data: Any, **options: Any) -> Any:
        return create_run(workflow).start(input_data, **options)

    return start_run


@pytest.fixture
def outputs() -> Callable[[Any], dict[str, Any]]:
    """What each step of a result gave back."""

    def collect(result: Any) -> dict[str, Any]:
        steps = {key: step for key, step in result.steps.items() if key != "input"}
        return {key: step["output"] for key, step in steps.items() if "output" in step}

    return collect
