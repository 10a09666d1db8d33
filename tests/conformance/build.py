"""A case's workflows, built with the public names as a user would build them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from runs import RetryConfig, Step, StepContext, Workflow, create_step, create_workflow

from .bodies import compile_body, scope_of
from .expressions import Scope, evaluate
from .schemas import json_schema
from .world import Process

Case = dict[str, Any]

_CALLBACK_OPTIONS = {"onStart": "on_start", "onFinish": "on_finish", "onError": "on_error"}
_WORKFLOW_SCHEMAS = {"state": "state_schema", "requestContext": "request_context_schema"}
_STEP_SCHEMAS = {**_WORKFLOW_SCHEMAS, "resume": "resume_schema", "suspend": "suspend_schema"}


def build_workflows(case: Case, process: Process) -> dict[str, Workflow]:
    """Build and register every workflow of the case, nested ones before those that use them."""
    builder = Builder(case, process)
    return {workflow_id: builder.workflow(workflow_id) for workflow_id in case["workflows"]}


class Builder:
    def __init__(self, case: Case, process: Process) -> None:
        self.case = case
        self.process = process
        self.steps: dict[str, Step] = {}
        self.workflows: dict[str, Workflow] = {}

    def member(self, member_id: str) -> Step | Workflow:
        if member_id in self.case["workflows"]:
            return self.workflow(member_id)
        if member_id not in self.steps:
            self.steps[member_id] = self._step(member_id, self.case["steps"][member_id])
        return self.steps[member_id]

    def workflow(self, workflow_id: str) -> Workflow:
        if workflow_id not in self.workflows:
            described = self.case["workflows"][workflow_id]
            workflow = create_workflow(workflow_id, **self._workflow_options(described))
            self.workflows[workflow_id] = workflow
            for node in described["flow"]:
                self._add(workflow, {"then": node} if isinstance(node, str) else node)
            if described.get("commit", True):
                workflow.commit()
        return self.workflows[workflow_id]

    def _step(self, step_id: str, described: dict[str, Any]) -> Step:
        options = _schemas(described, _STEP_SCHEMAS)
        for name in ("retries", "metadata"):
            if name in described:
                options[name] = described[name]
        body = compile_body(step_id, described["body"], self.process)
        return create_step(step_id, execute=body, **options)

    def _workflow_options(self, described: dict[str, Any]) -> dict[str, Any]:
        options = _schemas(described, _WORKFLOW_SCHEMAS)
        if retry := described.get("retry"):
            options["retry_config"] = RetryConfig(
                attempts=retry.get("attempts", 0), delay_seconds=retry.get("delay", 0) / 1000
            )
        if "validateInputs" in described:
            options["validate_inputs"] = described["validateInputs"]
        for name in described.get("callbacks", []):
            failure = described.get("callbackFails", {}).get(name)
            options[_CALLBACK_OPTIONS[name]] = self._callback(name, failure)
        return options

    def _callback(self, name: str, failure: str | None) -> Callable[[Any], None]:
        def callback(info: Any) -> None:
            self.process.report_callback(_callback_entry(name, info))
            if failure:
                raise RuntimeError(failure)

        return callback

    # --- entries of a flow --------------------------------------------------------------------

    def _add(self, workflow: Workflow, node: dict[str, Any]) -> None:
        kind = next((kind for kind in _NODES if kind in node), None)
        if kind is None:
            raise ValueError(f"unknown node {node}")
        _NODES[kind](self, workflow, node)

    def add_then(self, workflow: Workflow, node: dict[str, Any]) -> None:
        workflow.then(self.member(node["then"]))

    def add_parallel(self, workflow: Workflow, node: dict[str, Any]) -> None:
        workflow.parallel([self.member(member) for member in node["parallel"]])

    def add_branch(self, workflow: Workflow, node: dict[str, Any]) -> None:
        arms = [(_computed(test), self.member(member)) for test, member in node["branch"]]
        workflow.branch(arms)

    def add_dowhile(self, workflow: Workflow, node: dict[str, Any]) -> None:
        workflow.dowhile(self.member(node["dowhile"]), _computed(node["cond"]))

    def add_dountil(self, workflow: Workflow, node: dict[str, Any]) -> None:
        workflow.dountil(self.member(node["dountil"]), _computed(node["cond"]))

    def add_foreach(self, workflow: Workflow, node: dict[str, Any]) -> None:
        member = self.member(node["foreach"])
        concurrency = node.get("concurrency", 1)
        if isinstance(concurrency, dict):
            concurrency = _concurrency(concurrency)
        workflow.foreach(member, concurrency=concurrency)

    def add_map(self, workflow: Workflow, node: dict[str, Any]) -> None:
        mapping = {key: self._source(source) for key, source in node["map"].items()}
        workflow.map(mapping, id=node.get("id"))

    def add_map_function(self, workflow: Workflow, node: dict[str, Any]) -> None:
        workflow.map(_computed(node["mapFn"]), id=node.get("id"))

    def add_sleep(self, workflow: Workflow, node: dict[str, Any]) -> None:
        duration = node["sleep"]
        if isinstance(duration, dict):
            milliseconds = _computed(duration)
            workflow.sleep(lambda ctx: milliseconds(ctx) / 1000, id=node.get("id"))
        else:
            workflow.sleep(duration / 1000, id=node.get("id"))

    def add_sleep_until(self, workflow: Workflow, node: dict[str, Any]) -> None:
        duration = node["sleepUntil"]
        if isinstance(duration, dict):
            milliseconds = _computed(duration)
            workflow.sleep_until(lambda ctx: _from_now(milliseconds(ctx)), id=node.get("id"))
        else:
            workflow.sleep_until(_from_now(duration), id=node.get("id"))

    def _source(self, source: dict[str, Any]) -> dict[str, Any]:
        match source:
            case {"fn": expression}:
                return {"fn": _computed(expression)}
            case {"context": key}:
                return {"request_context_path": key}
            case {"init": owner, **rest}:
                return {"init_data": True if owner is True else self.workflow(owner), **rest}
            case {"step": list() as members, **rest}:
                return {"step": [self.member(member) for member in members], **rest}
            case {"step": member, **rest}:
                return {"step": self.member(member), **rest}
            case _:
                return source


_NODES: dict[str, Callable[[Builder, Workflow, dict[str, Any]], None]] = {
    "then": Builder.add_then,
    "parallel": Builder.add_parallel,
    "branch": Builder.add_branch,
    "dowhile": Builder.add_dowhile,
    "dountil": Builder.add_dountil,
    "foreach": Builder.add_foreach,
    "map": Builder.add_map,
    "mapFn": Builder.add_map_function,
    "sleep": Builder.add_sleep,
    "sleepUntil": Builder.add_sleep_until,
}


def _schemas(described: dict[str, Any], optional: dict[str, str]) -> dict[str, Any]:
    # An input or output that a case leaves out is "anything", which we say: left out here too,
    # a workflow would take its first step's schema for its own.
    schemas = {
        "input_schema": json_schema(described.get("input")),
        "output_schema": json_schema(described.get("output")),
    }
    for name, option in optional.items():
        if name in described:
            schemas[option] = json_schema(described[name])
    return schemas


def _computed(expression: Any) -> Callable[[StepContext[Any]], Any]:
    return lambda ctx: evaluate(expression, scope_of(ctx))


def _concurrency(expression: dict[str, Any]) -> Callable[[StepContext[Any]], Any]:
    def concurrency(ctx: StepContext[Any]) -> Any:
        roots = {"input": lambda: ctx.input_data, "init": ctx.get_init_data}
        return evaluate(expression, Scope(roots=roots, keyed={}))

    return concurrency


def _from_now(milliseconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(milliseconds=milliseconds)


def _callback_entry(name: str, info: Any) -> dict[str, Any]:
    steps = getattr(info, "steps", None)
    return {
        "cb": name,
        "workflowId": info.workflow_id,
        **{
            field: getattr(info, field, None)
            for field in ("status", "result", "error", "tripwire", "state")
        },
        "init": info.get_init_data(),
        "steps": None if steps is None else sorted(steps),
    }
