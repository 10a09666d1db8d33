"""What the commands have in common that run until they are told to stop."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from runs.exceptions import RunsError


class ForegroundCommand(BaseCommand):
    """Supervises processes; each line it prints begins with the name of who says it."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.Q_CLUSTER["workers"],
            help="worker processes; default: %(default)s",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if os.name != "posix":
            raise CommandError("This needs Linux or macOS; on Windows, run it in WSL.")
        if options["workers"] < 1:
            raise CommandError("--workers must be at least 1.")
        try:
            self.supervise(options)
        except RunsError as error:
            raise CommandError(error.message) from error
        except KeyboardInterrupt:  # before anything was there to be stopped
            raise SystemExit(130) from None

    def supervise(self, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def say(self, name: str, line: str) -> None:
        with suppress(OSError):  # whoever read it may have gone; the work goes on
            self.stdout.write(f"{name:<7} | {line}")
            self.stdout.flush()
