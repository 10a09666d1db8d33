"""A short text that tells two versions of a definition apart, the same in every process."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from runs.definition.graph import workflow_info

if TYPE_CHECKING:
    from runs.definition.workflow import Workflow


def fingerprint_of(workflow: Workflow) -> str:
    """Hash what a run could notice: the structure and the schemas, also of nested workflows."""
    info = workflow_info(workflow)
    described = {
        "graph": _without_dates(info["stepGraph"]),
        "schemas": {key: info[key] for key in _SCHEMAS if key in info},
    }
    text = json.dumps(described, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


_SCHEMAS = ("allSteps", "inputSchema", "outputSchema", "stateSchema", "requestContextSchema")


def _without_dates(node: Any) -> Any:
    """A date to sleep until may have been computed when the module was imported."""
    if isinstance(node, list):
        return [_without_dates(item) for item in node]
    if not isinstance(node, dict):
        return node
    dated = node.get("type") == "sleepUntil"
    return {
        key: _without_dates(value) for key, value in node.items() if not (dated and key == "date")
    }
