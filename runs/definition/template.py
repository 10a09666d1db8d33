"""Text templates of mappings: ``"Order ${inputData.id} of ${requestContext.user}"``.

A template is taken apart when the workflow is defined, so that a wrong scope is an error at import
and not in the middle of a run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from runs.definition.json_path import NOTHING, pick
from runs.exceptions import DefinitionError, StepError

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")

_WHOLE_SCOPES: dict[str, Callable[[Any], Any]] = {
    "inputData": lambda ctx: ctx.input_data,
    "initData": lambda ctx: ctx.get_init_data(),
    "state": lambda ctx: ctx.state,
}
_SCOPES = ("inputData", "initData", "state", "requestContext", "stepResults")
_PYTHON_SPELLINGS = {
    "input_data": "inputData",
    "init_data": "initData",
    "request_context": "requestContext",
    "step_results": "stepResults",
}

Reader = Callable[[Any], Any]


def compile_template(template: str) -> Callable[[Any], str]:
    """Return what renders the template for a step context."""
    parts = _PLACEHOLDER.split(template)
    texts = parts[0::2]
    readers = [
        _reader(content, f"Template placeholder #{number} (${{{content}}}) in '{template}'")
        for number, content in enumerate(parts[1::2], start=1)
    ]

    def render(ctx: Any) -> str:
        rendered = texts[0]
        for reader, text in zip(readers, texts[1:], strict=True):
            rendered += as_text(reader(ctx)) + text
        return rendered

    return render


def _reader(content: str, where: str) -> Reader:
    if not content.strip() or content != content.strip():
        raise DefinitionError(
            f"{where} has empty or whitespace-padded contents. "
            "Use ${<scope>.<path>} with no surrounding whitespace."
        )
    root, _, rest = content.partition(".")
    scope = _PYTHON_SPELLINGS.get(root, root)
    if scope == "requestContext":
        return _request_context_reader(rest, where)
    if scope == "stepResults":
        return _step_result_reader(rest, where)
    if scope not in _WHOLE_SCOPES:
        raise DefinitionError(
            f'{where} references unknown namespace "{root}". Use one of: {", ".join(_SCOPES)}.'
        )
    whole = _WHOLE_SCOPES[scope]
    return lambda ctx: pick(whole(ctx), rest, where)


def _request_context_reader(key: str, where: str) -> Reader:
    if not key:
        raise DefinitionError(
            f"{where} requires a request-context key — use ${{requestContext.<key>}}."
        )
    return lambda ctx: ctx.request_context.get(key)


def _step_result_reader(rest: str, where: str) -> Reader:
    step, _, path = rest.partition(".")
    if not step:
        raise DefinitionError(
            f"{where} must be of the form ${{stepResults.<stepId>}} "
            "or ${stepResults.<stepId>.<path>}."
        )

    def read(ctx: Any) -> Any:
        result = ctx.get_step_result(step)
        if result is None:
            raise StepError(
                f'{where} references stepResults.{step} but step "{step}" has no successful output '
                "(not run yet, not registered, failed, or produced no output)."
            )
        return pick(result, path, where)

    return read


def as_text(value: Any) -> str:
    """Write a JSON value into a text: nothing and null as nothing, 2.0 as 2, objects as JSON."""
    if value is None or value is NOTHING:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
