"""Schemas declared as pydantic models or as types that pydantic can read."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic_core import to_json

from runs.definition.json_inline import inlined
from runs.definition.misfit import Issue, SchemaError
from runs.exceptions import DefinitionError


class TypeForm:
    def __init__(self, adapter: TypeAdapter[Any]) -> None:
        self._adapter = adapter

    @staticmethod
    def of_type(source: Any) -> TypeForm:
        try:
            return TypeForm(TypeAdapter(source))
        except (PydanticUserError, PydanticUndefinedAnnotation, TypeError, NameError) as error:
            reason = str(error).partition("\n")[0]
            raise DefinitionError(f"{source!r} cannot be used as a schema: {reason}") from error

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        try:
            return inlined(self._adapter.json_schema())
        except PydanticUserError:
            return {}  # a type without a JSON form of its own, say one with a custom validator

    def validate(self, value: Any) -> Any:
        """Validate and write back, so that defaults and conversions become visible."""
        loaded = self.load(value)
        dumped = self._adapter.dump_python(
            loaded,
            mode="json",
            by_alias=True,
            round_trip=True,  # only what load() takes again: no computed fields
        )
        return _without_new_nones(dumped, value)

    def load(self, value: Any) -> Any:
        try:
            # JSON mode: strict models still accept dates and the like as the text JSON has.
            return self._adapter.validate_json(to_json(value), by_alias=True, by_name=True)
        except ValidationError as error:
            raise SchemaError(tuple(map(_issue, error.errors(include_url=False)))) from None


def _issue(error: Any) -> Issue:
    return Issue(error["loc"], error["msg"])


def _without_new_nones(dumped: Any, given: Any) -> Any:
    """Drop the keys that are None because nobody gave them: absent must stay absent."""
    if isinstance(dumped, dict) and isinstance(given, dict):
        return {
            key: _without_new_nones(value, given.get(key))
            for key, value in dumped.items()
            if value is not None or key in given
        }
    if isinstance(dumped, list) and isinstance(given, list) and len(dumped) == len(given):
        return [_without_new_nones(*pair) for pair in zip(dumped, given, strict=True)]
    return dumped
