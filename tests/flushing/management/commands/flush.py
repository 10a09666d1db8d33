"""Django's ``flush`` without what it makes anew each time: permissions and content types.

Tests that commit have their tables emptied afterwards. Making the same hundred permissions again
took longer than most of these tests, so they stay where they are.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.core.management.commands import flush
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from runs.store import tally_tables

KEPT = (Permission, ContentType)
#: What triggers have noted of the runs; only those of a truncation would empty them.
COUNTS = ("runs_tally", "runs_tally_change")


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        database = connections[options["database"]]
        if not _is_as_migrated(options["database"]):
            super().handle(**options)
            return
        kept = {model._meta.db_table for model in KEPT}
        names = database.introspection.django_table_names(only_existing=True, include_views=False)
        emptied = [name for name in names if name not in kept]
        database.ops.execute_sql_flush(_statements(database, emptied))
        tally_tables.install(database)


def _statements(database: BaseDatabaseWrapper, tables: list[str]) -> list[str]:
    if database.vendor == "postgresql":
        # Truncating makes new files for each table and each index, which takes 20 times as long as
        # deleting what a test has written; as for that, nobody else may be in the tables.
        every = [f'"{name}"' for name in [*tables, *COUNTS]]
        return ["; ".join([f"LOCK TABLE {', '.join(every)}", *(f"DELETE FROM {n}" for n in every)])]
    return database.ops.sql_flush(no_style(), tables, reset_sequences=False, allow_cascade=False)


def _is_as_migrated(using: str) -> bool:
    """Whether the test has left permissions and content types alone."""
    models = apps.get_models()
    made = sum(len(m._meta.default_permissions) + len(m._meta.permissions) for m in models)
    expected = {Permission: made, ContentType: len(models)}
    return all(model.objects.using(using).count() == expected[model] for model in KEPT)
