"""Make the JSON Schemas that pydantic writes easy to read for form builders.

They know draft 7 and rarely follow references, so a definition is put wherever it is used. Only
definitions that contain themselves stay definitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_PREFIX = "#/$defs/"
# Keywords holding named schemas, and those holding values of the data, which may look like schemas.
_NAMED_SCHEMAS = frozenset({"properties", "patternProperties"})
_DATA = frozenset({"default", "examples", "enum", "const", "required"})


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the same schema in draft 7's words, with as few references as possible."""
    body = {key: value for key, value in schema.items() if key != "$defs"}
    inliner = _Inliner(schema.get("$defs", {}))
    name = _referred(body)
    if name in inliner.recursive:
        # A form needs something to begin with, so the outermost level is written out.
        result = inliner.rewrite(inliner.definitions[name])
    else:
        result = inliner.rewrite(body)
    kept = {name: inliner.rewrite(inliner.definitions[name]) for name in sorted(inliner.recursive)}
    return {**result, "definitions": kept} if kept else result


def _referred(node: Any) -> str:
    reference = node.get("$ref") if isinstance(node, dict) else None
    if isinstance(reference, str) and reference.startswith(_PREFIX):
        return reference.removeprefix(_PREFIX)
    return ""


class _Inliner:
    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.recursive = {name for name in definitions if name in self._reachable(name)}

    def _reachable(self, name: str) -> set[str]:
        found: set[str] = set()
        ahead = [name]
        while ahead:
            for other in _references(self.definitions.get(ahead.pop())):
                if other not in found:
                    found.add(other)
                    ahead.append(other)
        return found

    def rewrite(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.rewrite(item) for item in node]
        if not isinstance(node, dict):
            return node
        name = _referred(node)
        if name in self.recursive:
            return {**node, "$ref": f"#/definitions/{name}"}
        if name in self.definitions:
            beside = {key: value for key, value in node.items() if key != "$ref"}
            return self.rewrite({**self.definitions[name], **beside})
        return _in_draft_7({key: self._keyword(key, value) for key, value in node.items()})

    def _keyword(self, key: str, value: Any) -> Any:
        if key in _DATA:
            return value
        if key in _NAMED_SCHEMAS:
            return {name: self.rewrite(schema) for name, schema in value.items()}
        return self.rewrite(value)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        if name := _referred(node):
            yield name
        for value in node.values():
            yield from _references(value)


def _in_draft_7(node: dict[str, Any]) -> dict[str, Any]:
    node.pop("discriminator", None)  # OpenAPI's, and it names definitions that are gone
    if "prefixItems" in node:
        node["additionalItems"] = node.pop("items", True)
        node["items"] = node.pop("prefixItems")
    return node
