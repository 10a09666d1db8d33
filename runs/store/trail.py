"""Writing the audit trail: one statement for an entry, without the ORM.

A start over HTTP leaves two of them before any worker hears of it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection
from django.utils import timezone

from runs.models import AuditEntry
from runs.store import direct


def write(entry: AuditEntry) -> None:
    """Store a new entry, in the transaction that is going on."""
    entry.at = timezone.now()
    values = [
        field.get_db_prep_save(getattr(entry, field.attname), connection) for field in _fields()
    ]
    direct.execute(_statement(), values)


@cache
def _fields() -> list[Any]:
    return [field for field in AuditEntry._meta.concrete_fields if not field.primary_key]


@cache
def _statement() -> str:
    names = ", ".join(f'"{field.column}"' for field in _fields())
    marks = ", ".join(["%s"] * len(_fields()))
    return f'INSERT INTO "{AuditEntry._meta.db_table}" ({names}) VALUES ({marks})'
