"""Durable workflow runs for Django."""

from __future__ import annotations

from runs.definition import (
    ConcurrencyLimit,
    RetryConfig,
    Schedule,
    Step,
    StepContext,
    Webhook,
    Workflow,
    create_step,
    create_workflow,
    get_workflow,
)
from runs.exceptions import NonRetryableError, TripWire

__all__ = [
    "ConcurrencyLimit",
    "NonRetryableError",
    "RetryConfig",
    "Schedule",
    "Step",
    "StepContext",
    "TripWire",
    "Webhook",
    "Workflow",
    "create_step",
    "create_workflow",
    "get_workflow",
]
