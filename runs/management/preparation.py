"""What a data folder or database needs before processes may work on it."""

from __future__ import annotations

import secrets

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor


def pending_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def migrate() -> int:
    """Bring the database up to date; return how many migrations that took."""
    pending = pending_migrations()
    if pending:
        call_command("migrate", interactive=False, verbosity=0)
    return pending


def create_first_admin() -> str | None:
    """Create the account ``admin`` where nobody can administer yet; return its password."""
    users = get_user_model()._default_manager
    field = get_user_model().USERNAME_FIELD
    if users.filter(is_superuser=True).exists() or users.filter(**{field: "admin"}).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(**{field: "admin", "email": "", "password": password})
    return password


def close_connections() -> None:
    """The supervisor waits for days and needs no database; nor may it hold one."""
    connections.close_all()
