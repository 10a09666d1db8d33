"""A form for one JSON value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from runs.definition.misfit import Issue, SchemaError
from runs.definition.schema import Schema
from runs.forms.posted import MISSING, ROW, Path, Reading, Unread, parse_json, rows_of
from runs.forms.specs import JsonSchema, Kind, Spec, read_schema
from runs.forms.widgets import Widget, widget
from runs.shown import pretty

Json = Any

MODE, MODE_TO, TEXT, ROWS = "__mode", "__mode_to", "__json", "__rows"


class SchemaForm:
    """What a JSON Schema asks for, to be filled in. ``str(form)`` or ``{{ form }}`` writes it.

    ``value`` is the JSON value so far. After ``posted`` and ``check``, ``is_valid`` says whether it
    may be used; ``is_rearranged`` that a button changed the form itself: show it again.
    """

    def __init__(
        self,
        schema: JsonSchema | None,
        *,
        prefix: str = "input",
        value: Json = MISSING,
        as_json: bool = False,
        title: str = "",
    ) -> None:
        self.prefix = prefix
        #: What stands above the fields.
        self.title = title
        self.spec = read_schema(schema)
        self.value = value
        self.errors: dict[Path, str] = {}
        self.is_rearranged = False
        self.is_json = as_json or self.is_only_json

    @classmethod
    def posted(
        cls,
        schema: JsonSchema | None,
        data: QueryDict,
        *,
        prefix: str = "input",
        title: str = "",
    ) -> SchemaForm:
        form = cls(
            schema, prefix=prefix, title=title, as_json=data.get(f"{prefix}.{MODE}") == "json"
        )
        data = form._rearranged(data)
        if form.is_json:
            form._read_json(data.get(f"{prefix}.{TEXT}", ""))
        else:
            reading = Reading(data)
            form.value = reading.value(form.spec, prefix)
            form.errors = reading.errors
        if mode := data.get(f"{prefix}.{MODE_TO}"):
            form._switch(mode)
        if form.is_rearranged:
            form.errors = {path: text for path, text in form.errors.items() if path == ()}
        return form

    @property
    def is_only_json(self) -> bool:
        """Whether there is nothing that a form could show."""
        return self.spec.kind is Kind.JSON

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to fill in."""
        return self.spec.kind is Kind.OBJECT and not self.spec.members

    @property
    def is_valid(self) -> bool:
        return not self.errors and not self.is_rearranged

    def check(self, schema: Schema | None) -> bool:
        """Hold the value against the schema it is for; what does not fit is said at its field."""
        if self.is_valid and schema is not None:
            try:
                schema.validate(None if self.value is MISSING else self.value)
            except SchemaError as error:
                self.add_issues(error.issues)
        return self.is_valid

    def add_issues(self, issues: Iterable[Issue]) -> None:
        """Put errors of a validation at their fields, or at the nearest that is shown."""
        for issue in issues:
            path = self._nearest(issue.path)
            text = issue.message[:1].upper() + issue.message[1:]
            if path != issue.path:
                below = ".".join(map(str, issue.path[len(path) :]))
                text = f"{below}: {issue.message}"
            self.errors.setdefault(path, text)

    @property
    def json_value(self) -> Json:
        """The value to hand over: None where nothing was filled in."""
        return None if self.value is MISSING else self.value

    # --- writing -------------------------------------------------------------------------------

    def __html__(self) -> SafeString:
        return render_to_string("runs/forms/form.html", {"form": self})

    def __str__(self) -> str:
        return self.__html__()

    @property
    def widget(self) -> Widget:
        return widget(self.spec, self.prefix, self.value, self.errors)

    @property
    def json_text(self) -> str:
        if isinstance(self.value, Unread):
            return str(self.value)
        return "" if self.value is MISSING else pretty(_filled(self.spec, self.value))

    @property
    def schema_text(self) -> str:
        return pretty(self.spec.schema) if self.spec.schema else ""

    @property
    def error_count(self) -> int:
        return len(self.errors)

    @property
    def own_error(self) -> str:
        return self.errors.get((), "") if self.is_json or self.spec.kind is Kind.OBJECT else ""

    @property
    def json_errors(self) -> list[tuple[str, str]]:
        return [(".".join(map(str, path)), text) for path, text in self.errors.items() if path]

    # --- reading -------------------------------------------------------------------------------

    def _read_json(self, text: str) -> None:
        if not text.strip():
            return
        try:
            self.value = parse_json(text)
        except ValueError as error:
            self.errors[()] = str(error)
            self.value = Unread(text)

    def _switch(self, mode: str) -> None:
        """Show the same value the other way, unless it cannot be read."""
        self.is_rearranged = True
        if mode == "json" or not isinstance(self.value, Unread):
            self.is_json = mode == "json" or self.is_only_json

    def _rearranged(self, data: QueryDict) -> QueryDict:
        """The posted data after the button that adds or removes a row: ``add:NAME``."""
        act, _, name = data.get(f"{self.prefix}.{ROWS}", "").partition(":")
        if act not in ("add", "remove") or not name.startswith(self.prefix):
            return data
        self.is_rearranged = True
        data = data.copy()
        if act == "add":
            rows = list(rows_of(data, name))
            data.appendlist(f"{name}.{ROW}", str(max(map(int, rows), default=-1) + 1))
        else:
            owner, _, row = name.rpartition(".")
            left = [one for one in rows_of(data, owner) if one != row]
            data.setlist(f"{owner}.{ROW}", left)
        return data

    def _nearest(self, path: Path) -> Path:
        """The longest beginning of a path that leads to a field of this form."""
        if self.is_json:
            return path
        spec: Spec | None = self.spec
        for depth, part in enumerate(path):
            if spec is None:
                return path[:depth]
            if spec.kind is Kind.OBJECT:
                spec = dict(spec.members).get(str(part))
            else:
                spec = spec.item if spec.kind is Kind.ROWS else None
            if spec is None:
                return path[:depth]
        return path


def _filled(spec: Spec, value: Json) -> Json:
    """The value as JSON shows it; what cannot be read is not part of it."""
    if isinstance(value, Unread):
        return str(value)
    if isinstance(value, dict):
        inner = dict(spec.members)
        return {key: _filled(inner.get(key, spec), one) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(spec.item or spec, one) for one in value]
    return value
