"""Column types: JSON kept as text, moments kept as milliseconds, and keys that cost nothing.

JSON columns of databases parse and rewrite what they store; for payloads that are written once and
read whole, text is several times faster and is compressed just as well.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


def dumps(value: Any) -> str | None:
    """The JSON text of a value; None for None. What is no JSON (``to_json`` says) raises."""
    return None if value is None else orjson.dumps(value).decode()


def loads(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def to_ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def from_ms(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


class PayloadField(models.TextField):  # type: ignore[type-arg]
    """Any JSON value, stored as text. SQL NULL and JSON null are one."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any
    _pyi_lookup_exact_type: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"null": True, "blank": True, "editable": False} | kwargs)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return loads(value)

    def get_prep_value(self, value: Any) -> str | None:
        return dumps(value)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj), cls=DjangoJSONEncoder)


class MomentField(models.BigIntegerField):  # type: ignore[type-arg]
    """A moment: an aware datetime in Python, milliseconds since the epoch in the database."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any
    _pyi_lookup_exact_type: Any

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> datetime | None:
        return from_ms(value)

    def get_prep_value(self, value: Any) -> int | None:
        return to_ms(value) if isinstance(value, datetime) else super().get_prep_value(value)

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, datetime) else from_ms(super().to_python(value))


class RowKeyField(models.BigAutoField):  # type: ignore[type-arg]
    """An automatic key that may be given out again after its row was deleted.

    So SQLite need not keep the highest one in a table beside, which it changes at each insert.
    """

    def db_type_suffix(self, connection: Any) -> str | None:
        return None if connection.vendor == "sqlite" else super().db_type_suffix(connection)
