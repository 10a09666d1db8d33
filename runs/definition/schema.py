"""What a value must look like, and how it is read.

A schema is declared as a pydantic model, any type pydantic can read, or a JSON Schema. All three
answer alike: ``validate`` gives the plain JSON value to store (defaults filled in, unknown keys
dropped), ``load`` gives what user code receives for a stored value.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType, LambdaType
from typing import Any, Protocol

from pydantic import TypeAdapter

from runs.definition.serialize import to_json
from runs.exceptions import DefinitionError


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong with a value: where, and what."""

    path: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.message}"


class SchemaError(ValueError):
    """The value does not fit its schema."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        self.issues = issues
        super().__init__("; ".join(map(str, issues)))

    def lines(self) -> list[str]:
        return [f"- {issue}" for issue in self.issues]


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
    from runs.definition.json_form import JsonForm
    from runs.definition.type_form import TypeForm

    if isinstance(source, dict):
        return JsonForm(source)
    if isinstance(source, TypeAdapter):
        return TypeForm(source)
    if isinstance(source, FunctionType | LambdaType | str | bytes | int | float | list | tuple):
        raise DefinitionError(f"{source!r} is neither a type nor a JSON Schema")
    return TypeForm.of_type(source)
