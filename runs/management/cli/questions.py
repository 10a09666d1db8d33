"""What a suspended run waits for, and how to answer it.

Read from the run's record in its wire shape, where steps inside nested workflows have dotted
names, and items of a foreach over them an index: ``refund-payment.fraud-check``, ``ship[2].sign``.
A foreach over plain steps keeps the records of its items in its suspend payload instead.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.definition.nodes import StepNode, WorkflowNode
from runs.definition.workflow import Workflow
from runs.management.cli.text import compact

META = "__workflow_meta"
MANAGE = "python manage.py runs"
INDEX = re.compile(r"\[(\d+)\]")

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One suspended step, or one suspended item of a foreach."""

    step: str
    index: int | None
    payload: Any
    labels: tuple[str, ...]
    schema: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        return self.step if self.index is None else f"{self.step}, item {self.index}"

    def fields(self) -> list[tuple[str, str]]:
        """Name and description of each field that an answer may have."""
        schema = self.schema or {}
        required = schema.get("required", ())
        return [
            (name, describe(field, required=name in required))
            for name, field in schema.get("properties", {}).items()
        ]

    def command(self, run: str, *, among: int) -> str:
        """The command line that answers it, one of ``among`` questions."""
        data = compact(example(self.schema or {}))
        parts = [MANAGE, "resume", shlex.quote(run)]
        if among > 1:
            parts += ["--step", shlex.quote(self.step)]
            parts += [] if self.index is None else ["--index", str(self.index)]
        return " ".join([*parts, "--data", shlex.quote(data)])


def open_questions(workflow: Workflow | None, record: Record) -> list[Question]:
    """The questions of a run; without a definition at hand, they have no schemas."""
    suspended = {
        key: step for key, step in record["steps"].items() if step["status"] == "suspended"
    }
    labels = record.get("resumeLabels") or {}
    return [
        Question(
            step=INDEX.sub("", key),
            index=index,
            payload=without_meta(payload),
            labels=tuple(_labels_of(labels, key, index)),
            schema=_resume_schema(workflow, INDEX.sub("", key).split(".")),
        )
        for key, step in suspended.items()
        if not _has_inner(suspended, key)
        for index, payload in _occurrences(key, step)
    ]


def without_meta(payload: Any) -> Any:
    """The part of a suspend payload that the step's author wrote."""
    if not isinstance(payload, dict):
        return payload
    return {key: value for key, value in payload.items() if key != META}


def _has_inner(keys: Mapping[str, Record], key: str) -> bool:
    return any(other.startswith((f"{key}.", f"{key}[")) for other in keys)


def _occurrences(key: str, step: Record) -> Iterator[tuple[int | None, Any]]:
    """Index and payload of each suspended item, or the step's own payload without an index."""
    payload = step.get("suspendPayload")
    meta = payload.get(META, {}) if isinstance(payload, dict) else {}
    items = meta.get("foreachOutput")
    if items is None:
        index = INDEX.search(key)
        yield (int(index[1]) if index else None), payload
        return
    for number, item in enumerate(items):
        if item and item.get("status") == "suspended":
            yield number, item.get("suspendPayload")


def _labels_of(labels: Record, key: str, index: int | None) -> Iterator[str]:
    top = INDEX.sub("", key).partition(".")[0]
    for label, target in labels.items():
        if target["stepId"] == top and target.get("foreachIndex", index) == index:
            yield label


def _resume_schema(workflow: Workflow | None, ids: Sequence[str]) -> Mapping[str, Any] | None:
    node = None
    for step_id in ids:
        node = None if workflow is None else workflow.steps_by_id.get(step_id)
        workflow = node.workflow if isinstance(node, WorkflowNode) else None
    if isinstance(node, StepNode) and node.step.resume_schema is not None:
        return node.step.resume_schema.json_schema
    return None


# --- schemas in words ------------------------------------------------------------------------


def describe(schema: Mapping[str, Any], *, required: bool) -> str:
    """A field in a few words: ``one of en, es; optional, default en: Language of the text``."""
    words = [type_of(schema), "required" if required and "default" not in schema else "optional"]
    if "default" in schema:
        words.append(f"default {compact(schema['default'])}")
    text = ", ".join(words)
    return f"{text}: {schema['description']}" if schema.get("description") else text


def type_of(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + " | ".join(map(compact, schema["enum"]))
    if "const" in schema:
        return compact(schema["const"])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(map(type_of, options))
    kinds = schema.get("type", "anything")
    if kinds == "array":
        return f"list of {type_of(schema.get('items') or {})}"
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def example(schema: Mapping[str, Any]) -> Any:
    """A value of the right shape, for people to fill in."""
    if "default" in schema:
        return schema["default"]
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return example(options[0])
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example(properties.get(name, {})) for name in schema.get("required", ())}
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    return {"string": "...", "boolean": True, "array": [], "null": None}.get(kind, least)
