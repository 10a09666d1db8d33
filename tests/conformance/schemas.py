"""Schemas of cases as JSON Schema.

Cases write ``nullable``, which JSON Schema lacks; everything else is JSON Schema already.
"""

from __future__ import annotations

from typing import Any


def json_schema(schema: dict[str, Any] | None) -> dict[str, Any]:
    """Return the JSON Schema for a case's schema; none at all means that anything goes."""
    schema = schema or {}
    rewritten = {key: _part(key, value) for key, value in schema.items() if key != "nullable"}
    return _nullable(rewritten) if schema.get("nullable") else rewritten


def _part(keyword: str, value: Any) -> Any:
    if keyword == "properties":
        return {name: json_schema(inner) for name, inner in value.items()}
    if keyword == "items":
        return json_schema(value)
    return value


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    nullable = dict(schema)
    if "type" in schema:
        nullable["type"] = [schema["type"], "null"]
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    return nullable
