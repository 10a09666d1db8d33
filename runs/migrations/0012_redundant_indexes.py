"""Three indexes go whose columns are the first ones of another index of their table.

They are dropped by themselves: altering a field has SQLite make the whole table anew, without its
triggers.
"""

import django.db.models.deletion
from django.db import migrations, models

REDUNDANT = (
    ("runs_run", "workflow_id"),
    ("runs_runevent", "run_id"),
    ("runs_stepsnapshot", "run_id"),
)


def drop(apps, schema_editor):
    connection = schema_editor.connection
    for table, column in REDUNDANT:
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, table)
        for name, about in found.items():
            if about["index"] and not about["unique"] and about["columns"] == [column]:
                schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


def keep_dropped(apps, schema_editor):
    """Going back needs none of them: what they are for, the other indexes serve."""


def one_index_less(model, name, to, on_delete, related_name):
    field = models.ForeignKey(db_index=False, on_delete=on_delete, related_name=related_name, to=to)
    return migrations.AlterField(model_name=model, name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0011_tally"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(drop, keep_dropped)],
            state_operations=[
                one_index_less(
                    "run", "workflow", "runs.workflow", django.db.models.deletion.PROTECT, "runs"
                ),
                one_index_less(
                    "runevent", "run", "runs.run", django.db.models.deletion.CASCADE, "events"
                ),
                one_index_less(
                    "stepsnapshot", "run", "runs.run", django.db.models.deletion.CASCADE, "steps"
                ),
            ],
        ),
    ]
