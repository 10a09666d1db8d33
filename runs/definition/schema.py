"""What a value must look like, and how it is read.

A schema is declared as a pydantic model, any type pydantic can read, or a JSON Schema. All three
answer alike: ``validate`` gives the plain JSON value to store (defaults filled in, unknown keys
dropped), ``load`` gives what user code receives for a stored value.
"""

from __future__ import annotations

from types import FunctionType, LambdaType
from typing import Any, Protocol

from pydantic import TypeAdapter

from runs.definition.json_form import JsonForm
from runs.definition.serialize import to_json
from runs.definition.type_form import TypeForm
from runs.exceptions import DefinitionError


class Form(Protocol):
    """One way to declare a schema."""

    @property
    def json_schema(self) -> dict[str, Any]: ...

    def validate(self, value: Any) -> Any: ...

    def load(self, value: Any) -> Any: ...


class Schema:
    __slots__ = ("_form", "source")

    def __init__(self, source: Any, form: Form) -> None:
        #: What it was made of, as the author wrote it.
        self.source = source
        self._form = form

    @staticmethod
    def of(source: Any, *, where: str = "Schema") -> Schema | None:
        """Make a schema of whatever declares one; ``where`` begins the text of an error."""
        if source is None or isinstance(source, Schema):
            return source
        try:
            return Schema(source, _form_of(source))
        except DefinitionError as error:
            raise DefinitionError(f"{where}: {error.message}") from error

    @property
    def json_schema(self) -> dict[str, Any]:
        """The schema for people and forms. Do not change it."""
        return self._form.json_schema

    def validate(self, value: Any) -> Any:
        """Return the JSON value to go on with, or raise SchemaError. Leaves ``value`` as it is."""
        return self._form.validate(to_json(value, where="The value"))

    def load(self, value: Any) -> Any:
        """Return what user code receives for a value that was validated before."""
        return self._form.load(value)

    def __repr__(self) -> str:
        return f"Schema.of({self.source!r})"


def _form_of(source: Any) -> Form:
    if isinstance(source, dict):
        return JsonForm(source)
    if isinstance(source, TypeAdapter):
        return TypeForm(source)
    if isinstance(source, FunctionType | LambdaType | str | bytes | int | float | list | tuple):
        raise DefinitionError(f"{source!r} is neither a type nor a JSON Schema")
    return TypeForm.of_type(source)
