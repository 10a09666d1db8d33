"""The OpenAPI document, made of what the views say about themselves."""

from __future__ import annotations

import inspect
import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from runs.api.answers import ANSWERS
from runs.api.bodies import NoBody

#: What each status means, wherever it appears.
MEANINGS = {
    400: "The request has a wrong shape, or its data do not fit.",
    401: "Nobody said who is calling, or the token is unknown, expired or revoked.",
    403: "The caller lacks the permission that the error names.",
    404: "There is no such workflow or run, or the caller must not see it.",
    409: "The run is not in a state that allows this, or somebody else was faster.",
    413: "The body, or a value in it, is too large.",
    429: "Too many requests; the header Retry-After tells when to go on.",
    503: "The database does not answer, or no worker is alive.",
}
ALWAYS = (400, 401, 403, 429, 503)


class RunsSchema(AutoSchema):
    """Reads ``summary``, ``query``, ``body``, ``answer`` and ``errors`` of a view."""

    def get_operation_id(self) -> str:
        name = type(self.view).__name__.removesuffix("View")
        verb = self.method.lower()
        differs = hasattr(self.view, f"{verb}_summary")
        return verb + name if differs else name[0].lower() + name[1:]

    def _said(self, name: str) -> Any:
        return self.view.said(name, self.method)

    def get_summary(self) -> str:
        return str(self._said("summary"))

    def get_description(self) -> str:
        action = getattr(self.view, self.method.lower())
        return inspect.cleandoc(action.__doc__ or type(self.view).__doc__ or "")

    def get_tags(self) -> list[str]:
        return [str(self.view.tag)]

    def _get_parameters(self) -> list[dict[str, Any]]:
        names = re.findall(r"{(\w+)}", self.path)
        path = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
        query = self._said("query").model_json_schema()
        required = query.get("required", ())
        return path + [
            {"name": name, "in": "query", "required": name in required, "schema": _plain(shape)}
            for name, shape in query.get("properties", {}).items()
        ]

    def _get_request_body(self, direction: str = "request") -> dict[str, Any] | None:
        body = self._said("body")
        if self.method not in ("POST", "PATCH", "PUT") or body is NoBody:
            return None
        shape = body.model_json_schema()
        return {
            "content": {"application/json": {"schema": _described(shape)}},
            "required": bool(shape.get("required")),
        }

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        answer = self._said("answer")
        kind = "text/plain" if answer == "Stream" else "application/json"
        statuses = sorted({*ALWAYS, *self._said("errors")})
        return {"200": self._content(answer, kind, "Done.")} | {
            str(status): self._content(
                "Invalid" if status == 400 else "Error", "application/json", MEANINGS[status]
            )
            for status in statuses
        }

    def _content(self, name: str, kind: str, meaning: str) -> dict[str, Any]:
        for known in _with_parts(name):
            component = ResolvedComponent(
                name=known, type=ResolvedComponent.SCHEMA, object=known, schema=ANSWERS[known]
            )
            self.registry.register_on_missing(component)
        reference = {"$ref": f"#/components/schemas/{name}"}
        return {"description": meaning, "content": {kind: {"schema": reference}}}


def _with_parts(name: str) -> list[str]:
    return [name] + [part for part in ANSWERS if part != name and f"/{part}'" in str(ANSWERS[name])]


def _plain(shape: dict[str, Any]) -> dict[str, Any]:
    """A member as it may be sent: a query knows no null."""
    shape = _described(shape)
    kinds = [kind for kind in shape.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del shape["anyOf"]
        shape |= kinds[0]
    return {name: value for name, value in shape.items() if name != "default"}


def _described(shape: Any) -> Any:
    """Without the titles that are made of names and say nothing."""
    if isinstance(shape, dict):
        named = {"properties"}
        return {
            name: {key: _described(one) for key, one in value.items()}
            if name in named
            else _described(value)
            for name, value in shape.items()
            if name != "title"
        }
    return [_described(one) for one in shape] if isinstance(shape, list) else shape


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "runs.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token made by `manage.py create_token USER`.",
        }
