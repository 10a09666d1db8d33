"""The same call as the form makes it, for the shell, for Python and for JavaScript."""

from __future__ import annotations

import json
import pprint
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from runs.forms.posted import MISSING, Unread
from runs.forms.specs import Kind, Spec

Json = Any


@dataclass(frozen=True, slots=True)
class Call:
    """One way to make the call."""

    id: str
    name: str
    text: str


def start_calls(workflow_id: str, given: Json, base_url: str) -> tuple[Call, ...]:
    """How to start a workflow with this input from elsewhere."""
    return (
        Call("python", "Python", _python(workflow_id, given)),
        Call("curl", "curl", _curl(workflow_id, given, base_url)),
        Call("javascript", "JavaScript", _javascript(workflow_id, given, base_url)),
    )


def _python(workflow_id: str, given: Json) -> str:
    lines = [
        "from runs import get_workflow",
        "",
        f"workflow = get_workflow({workflow_id!r})",
    ]
    if given is None:
        return "\n".join([*lines, "result = workflow.create_run().start()", ""])
    data = pprint.pformat(given, width=48, sort_dicts=False)
    start = "result = workflow.create_run().start(data)"
    return "\n".join([*lines, f"data = {_indented(data, 7)}", start, ""])


def _curl(workflow_id: str, given: Json, base_url: str) -> str:
    body = json.dumps({"inputData": given}, ensure_ascii=False)
    url = f"{base_url}/api/workflows/{quote(workflow_id, safe='')}/start-async"
    return (
        f"curl -X POST {shlex.quote(url)} \\\n"
        '  -H "Authorization: Bearer $RUNS_TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(body)}\n"
    )


def _javascript(workflow_id: str, given: Json, base_url: str) -> str:
    data = json.dumps({"inputData": given}, ensure_ascii=False, indent=2)
    return (
        'import { MastraClient } from "@mastra/client-js";\n\n'
        "const client = new MastraClient({\n"
        f"  baseUrl: {json.dumps(base_url)},\n"
        "  headers: { Authorization: `Bearer ${process.env.RUNS_TOKEN}` },\n"
        "});\n"
        f"const run = await client.getWorkflow({json.dumps(workflow_id)}).createRun();\n"
        f"const result = await run.startAsync({data});\n"
    )


def _indented(text: str, columns: int) -> str:
    first, *others = text.splitlines()
    return "\n".join([first, *(" " * columns + line for line in others)])


# --- what to put in where nothing was filled in ------------------------------------------------


def example(spec: Spec, given: Json = MISSING) -> Json:
    """The value so far, with something of the right shape where there is none yet."""
    if isinstance(given, Unread):
        given = MISSING
    match spec.kind:
        case Kind.OBJECT:
            return _object(spec, given)
        case Kind.ROWS if spec.item is not None:
            rows = given if isinstance(given, list) and given else [MISSING]
            return [example(spec.item, row) for row in rows]
    if given is not MISSING and given != "":
        return given
    return spec.default if spec.has_default else _scalar(spec)


def _object(spec: Spec, given: Json) -> dict[str, Json]:
    known = given if isinstance(given, Mapping) else {}
    return {
        name: example(member, known.get(name, MISSING))
        for name, member in spec.members
        if member.required or name in known
    }


def _scalar(spec: Spec) -> Json:
    if spec.nullable:
        return None
    match spec.kind:
        case Kind.CHOICE | Kind.CONSTANT:
            return spec.choices[0] if spec.choices else None
        case Kind.INTEGER | Kind.NUMBER:
            return spec.attributes.get("min", 1)
        case Kind.BOOLEAN:
            return True
        case Kind.DATE:
            return "2026-01-31"
        case Kind.TIME:
            return "12:00:00"
        case Kind.MOMENT:
            return "2026-01-31T12:00:00Z"
        case Kind.JSON:
            return {}
    return "..."
