"""Schemas declared as JSON Schema.

Validating follows the standard (draft 2020-12 unless ``$schema`` says otherwise) with two
additions, both applied before the value is checked: a missing property with a ``default`` is filled
in, and unknown keys of an object with ``properties`` are dropped unless ``additionalProperties``
speaks of them. See ``json_shape`` for how far into a schema that reaches.
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind

from runs.definition.json_shape import shape_of
from runs.definition.misfit import Issue, SchemaError
from runs.exceptions import DefinitionError

_TYPE_KINDS = (ValidationErrorKind.Type,)
_VALUE_KINDS = (ValidationErrorKind.Enum, ValidationErrorKind.Constant)


class JsonForm:
    def __init__(self, json_schema: dict[str, Any]) -> None:
        self.json_schema = json_schema
        try:
            self._validator = jsonschema_rs.validator_for(json_schema, mask="the value")
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise DefinitionError(f"this is not a JSON Schema: {reason}") from error
        self._shape = shape_of(json_schema)

    def validate(self, value: Any) -> Any:
        shaped = self._shape(value)
        if not self._validator.is_valid(shaped):
            raise SchemaError(_issues(self._validator.iter_errors(shaped)))
        return shaped

    def load(self, value: Any) -> Any:
        return value


def _issues(errors: Any) -> tuple[Issue, ...]:
    found = list(errors)
    mistyped = {
        tuple(error.instance_path) for error in found if isinstance(error.kind, _TYPE_KINDS)
    }
    # A value of the wrong type is not also reported as missing from a list of values.
    return tuple(
        _issue(error)
        for error in found
        if not (isinstance(error.kind, _VALUE_KINDS) and tuple(error.instance_path) in mistyped)
    )


def _issue(error: Any) -> Issue:
    path = tuple(error.instance_path)
    if isinstance(error.kind, ValidationErrorKind.Required):
        path = (*path, error.kind.property)
    return Issue(path, error.message)
