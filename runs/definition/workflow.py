"""Workflows: a flow under an id, with what is promised about it.

Nothing runs here. A workflow is a description; once committed it does not change any more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypedDict, Unpack

from runs.definition.builder import FlowBuilder
from runs.definition.fingerprint import fingerprint_of
from runs.definition.graph import serialized_step_graph
from runs.definition.limits import PRIORITY_RULE, ConcurrencyLimit, is_priority
from runs.definition.nodes import Node, StepNode, WorkflowNode, recorded_nodes
from runs.definition.registry import register
from runs.definition.schedule import Schedule, checked_all
from runs.definition.schema import Schema
from runs.definition.serialize import to_json
from runs.definition.webhook import Webhook
from runs.definition.webhook import checked_all as checked_webhooks
from runs.exceptions import DefinitionError, NotSerializable

if TYPE_CHECKING:
    from runs.models import Run

Callback: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """How often a failed step is tried again, unless it says so itself."""

    #: Attempts after the first.
    attempts: int = 0
    delay_seconds: float = 0.0

    def __post_init__(self) -> None:
        if type(self.attempts) is not int or self.attempts < 0:
            raise DefinitionError("RetryConfig: attempts is a whole number, 0 or more")
        if type(self.delay_seconds) not in (int, float) or not self.delay_seconds >= 0:
            raise DefinitionError("RetryConfig: delay_seconds is a number, 0 or more")


class WorkflowOptions(TypedDict, total=False):
    """What may be said about a workflow. Schemas come in any form that Schema.of() takes."""

    description: str
    input_schema: Any
    output_schema: Any
    state_schema: Any
    request_context_schema: Any
    metadata: dict[str, Any] | None
    retry_config: RetryConfig | None
    validate_inputs: bool | None
    schedules: Sequence[Schedule]
    webhooks: Sequence[Webhook]
    priority: int
    concurrency: ConcurrencyLimit | None
    on_start: Callback | None
    on_finish: Callback | None
    on_error: Callback | None


class Workflow(FlowBuilder):
    """A flow of entries under an id. Made by ``create_workflow``."""

    def __init__(self, id: str, *, module: str, **options: Unpack[WorkflowOptions]) -> None:
        super().__init__(id)
        if unknown := sorted(options.keys() - WorkflowOptions.__annotations__.keys()):
            raise self._error(f"there is no option {unknown[0]!r}")
        #: Where it was defined, for error messages.
        self.module = module
        self.description = options.get("description", "")
        self.metadata = self._checked_metadata(options.get("metadata"))
        self.retry_config = self._checked_retries(options.get("retry_config"))
        #: None: as the parent does; a workflow without a parent validates.
        self.validate_inputs = options.get("validate_inputs")
        #: When it starts by itself. Workers keep rows of them.
        self.schedules = checked_all(options.get("schedules", ()), id)
        #: Who is told when a run of it ends or suspends.
        self.webhooks = checked_webhooks(options.get("webhooks", ()), f"Workflow {id!r}: webhooks")
        self.on_start = options.get("on_start")
        self.on_finish = options.get("on_finish")
        self.on_error = options.get("on_error")
        self.priority = self._checked_priority(options.get("priority", 0))
        self.concurrency = self._checked_limit(options.get("concurrency"))
        self.state_schema = self._schema("state_schema", options)
        self.request_context_schema = self._schema("request_context_schema", options)
        self._input_schema = self._schema("input_schema", options)
        self._output_schema = self._schema("output_schema", options)
        self.committed = False
        self._fingerprint = ""
        self._distributes: bool | None = None
        self._graph: list[dict[str, Any]] | None = None

    def __repr__(self) -> str:
        return f"<Workflow {self.id!r}>"

    def commit(self) -> Self:
        """Declare the definition complete: check it as a whole, register it and freeze it."""
        if not self.committed:
            self._check_named_steps()
            register(self)
            self._freeze()
            self.committed = True
        return self

    @property
    def input_schema(self) -> Schema | None:
        """Its own, else that of the first entry when this is a single step."""
        return self._input_schema or _schema_of(self.flow[:1], "input_schema")

    @property
    def output_schema(self) -> Schema | None:
        """Its own, else that of the last entry when this is a single step."""
        return self._output_schema or _schema_of(self.flow[-1:], "output_schema")

    @property
    def fingerprint(self) -> str:
        """The same in every process that has this definition, different for another one."""
        if not self._frozen:
            return fingerprint_of(self)
        if not self._fingerprint:
            self._fingerprint = fingerprint_of(self)
        return self._fingerprint

    @property
    def distributes(self) -> bool:
        """Whether a step of it, or of a workflow in it, is distributed."""
        if self._distributes is None:
            self._distributes = any(
                node.workflow.distributes
                if isinstance(node, WorkflowNode)
                else isinstance(node, StepNode) and node.step.distribute
                for entry in self.flow
                for node in recorded_nodes(entry)
            )
        return self._distributes

    @property
    def serialized_step_graph(self) -> list[dict[str, Any]]:
        """The flow as clients draw it. Do not change it."""
        if not self._frozen:
            return serialized_step_graph(self)
        if self._graph is None:
            self._graph = serialized_step_graph(self)
        return self._graph

    def _schema(self, name: str, options: WorkflowOptions) -> Schema | None:
        return Schema.of(options.get(name), where=f"Workflow {self.id!r}: {name}")

    def _checked_retries(self, config: Any) -> RetryConfig:
        if config is not None and not isinstance(config, RetryConfig):
            raise self._error("retry_config is a RetryConfig")
        return config or RetryConfig()

    def _checked_priority(self, priority: Any) -> int:
        if not is_priority(priority):
            raise self._error(PRIORITY_RULE)
        return int(priority)

    def _checked_limit(self, limit: Any) -> ConcurrencyLimit | None:
        if limit is not None and not isinstance(limit, ConcurrencyLimit):
            raise self._error("concurrency is a ConcurrencyLimit")
        return limit

    def _checked_metadata(self, metadata: Any) -> dict[str, Any] | None:
        if metadata is not None and not isinstance(metadata, dict):
            raise self._error("metadata is a dict of JSON values")
        try:
            plain: dict[str, Any] | None = to_json(metadata, where="metadata")
        except NotSerializable as error:
            raise self._error(error.message) from error
        return plain

    # --- its runs: delegations to the front door ---------------------------------------------
    #
    # The one import against the direction of the layers, and only when called: a definition
    # itself needs no Django. Each has a coroutine twin with Django's prefix.

    def create_run(self, **options: Any) -> Run:
        """Make a run, or return the one that has the ``run_id`` given."""
        from runs import operations

        return operations.create_run(self, **options)

    async def acreate_run(self, **options: Any) -> Run:
        from runs import operations

        return await operations.acreate_run(self, **options)

    def get_workflow_run_by_id(
        self,
        run_id: str,
        *,
        fields: list[str] | None = None,
        with_nested_workflows: bool = True,
    ) -> dict[str, Any] | None:
        """Return a run as clients see it, or None when there is none."""
        from runs import operations

        return operations.get_workflow_run_by_id(
            self, run_id, fields=fields, with_nested_workflows=with_nested_workflows
        )

    async def aget_workflow_run_by_id(
        self,
        run_id: str,
        *,
        fields: list[str] | None = None,
        with_nested_workflows: bool = True,
    ) -> dict[str, Any] | None:
        from runs import operations

        return await operations.aget_workflow_run_by_id(
            self, run_id, fields=fields, with_nested_workflows=with_nested_workflows
        )

    def list_workflow_runs(self, **filters: Any) -> dict[str, Any]:
        """Return a page of runs, and how many there are in all."""
        from runs import operations

        return operations.list_workflow_runs(self, **filters)

    async def alist_workflow_runs(self, **filters: Any) -> dict[str, Any]:
        from runs import operations

        return await operations.alist_workflow_runs(self, **filters)

    def delete_workflow_run_by_id(self, run_id: str) -> None:
        from runs import operations

        operations.delete_workflow_run_by_id(self, run_id)

    async def adelete_workflow_run_by_id(self, run_id: str) -> None:
        from runs import operations

        await operations.adelete_workflow_run_by_id(self, run_id)

    def restart_all_active_workflow_runs(self) -> None:
        """Go on with every active run of this workflow that nobody is working on."""
        from runs import operations

        operations.restart_all_active_workflow_runs(self)

    async def arestart_all_active_workflow_runs(self) -> None:
        from runs import operations

        await operations.arestart_all_active_workflow_runs(self)


def create_workflow(id: str, **options: Unpack[WorkflowOptions]) -> Workflow:
    """Begin a workflow; add entries to it and end with ``commit()``."""
    module = sys._getframe(1).f_globals.get("__name__", "?")
    return Workflow(id, module=module, **options)


def _schema_of(edge: tuple[Node, ...], name: str) -> Schema | None:
    """Return a schema of the entry at the edge of a flow, if that is a single step."""
    for node in edge:
        if isinstance(node, StepNode | WorkflowNode):
            about = node.step if isinstance(node, StepNode) else node.workflow
            schema: Schema | None = getattr(about, name)
            return schema
    return None
