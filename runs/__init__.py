"""Durable workflow runs for Django."""

from __future__ import annotations

from runs.definition import (
    RetryConfig,
    Step,
    StepContext,
    Workflow,
    create_step,
    create_workflow,
    get_workflow,
)
from runs.exceptions import NonRetryableError, TripWire

__all__ = [
    "NonRetryableError",
    "RetryConfig",
    "Step",
    "StepContext",
    "TripWire",
    "Workflow",
    "create_step",
    "create_workflow",
    "get_workflow",
]
