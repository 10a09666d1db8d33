"""What a workflow is: a tree of nodes, described once and then only read.

A *step* is a body with promises about it. A *workflow* is a flow of entries: single steps, blocks
of steps (parallel, branch), repetitions (loop, foreach), mappings and waits. A workflow may stand
wherever a step may, so the whole is a tree.

Each entry has a *key*, derived from ids and position and from nothing that differs between
processes. Whatever is recorded about a run is recorded under a path of such keys. So a run started
by one process can be continued by any other that has the same definition, and the *fingerprint*
tells whether it has.

A definition decides nothing and executes nothing. It is checked while it is written down: what can
be wrong with it is an error when its module is imported. Values crossing a step's border are plain
JSON; *schemas* say what user code gets to see instead.

Nothing here imports Django, except the delegations of ``Workflow`` to its runs, when called.
"""

from __future__ import annotations

from runs.definition.context import AbortSignal, StepContext, Writer
from runs.definition.limits import ConcurrencyLimit
from runs.definition.misfit import Issue, SchemaError
from runs.definition.registry import all_workflows, get_workflow, isolated_registry
from runs.definition.schedule import Schedule
from runs.definition.schema import Schema
from runs.definition.serialize import to_json
from runs.definition.step import Step, create_step
from runs.definition.truth import truthy
from runs.definition.webhook import Webhook
from runs.definition.workflow import RetryConfig, Workflow, create_workflow

__all__ = [
    "AbortSignal",
    "ConcurrencyLimit",
    "Issue",
    "RetryConfig",
    "Schedule",
    "Schema",
    "SchemaError",
    "Step",
    "StepContext",
    "Webhook",
    "Workflow",
    "Writer",
    "all_workflows",
    "create_step",
    "create_workflow",
    "get_workflow",
    "isolated_registry",
    "to_json",
    "truthy",
]
