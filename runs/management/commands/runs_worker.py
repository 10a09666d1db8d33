"""``manage.py runs_worker``: workers alone, on as many machines as you like.

Channels has a command named ``runworker`` already; hence the name.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from runs.management.foreground import ForegroundCommand
from runs.management.preparation import close_connections, pending_migrations
from runs.worker.lifeline import Lifeline


class Command(ForegroundCommand):
    help = "Run workers for the database of DATABASE_URL and the broker of REDIS_URL."

    def supervise(self, options: dict[str, Any]) -> None:
        from runs.worker.supervisor import Supervisor, workers_program

        if pending := pending_migrations():
            raise CommandError(f"The database lacks {pending} migrations: run `migrate` first.")
        close_connections()
        program = workers_program(options["workers"], Lifeline())
        Supervisor([program], say=self.say).run()
