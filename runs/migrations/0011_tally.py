"""How many runs there are is kept by triggers (see runs.store.tally_tables)."""

from django.db import migrations, models

from runs.store import tally_tables


def install(apps, schema_editor):
    tally_tables.install(schema_editor.connection)


def remove(apps, schema_editor):
    tally_tables.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0010_runs_of_a_tenant"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="run", name="runs_run_newest"),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["workflow", "created_at", "id"], name="runs_run_newest"),
        ),
        migrations.RemoveIndex(model_name="run", name="runs_run_by_status"),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["workflow", "status", "created_at", "id"], name="runs_run_by_status"
            ),
        ),
        migrations.RemoveIndex(model_name="run", name="runs_run_of_tenant"),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["workflow", "resource_id", "created_at", "id"], name="runs_run_of_tenant"
            ),
        ),
        migrations.RunPython(install, remove),
    ]
