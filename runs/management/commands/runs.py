"""``manage.py runs``: see, start and steer workflow runs from a terminal or a script.

Exit codes: 0 all went well, 1 the run failed, 2 what was asked for cannot be done, 3 the run was
canceled, 130 interrupted (a run in the hands of the workers goes on).
"""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from runs.exceptions import RunsError
from runs.management.cli.actions import ACTIONS
from runs.management.cli.arguments import add_actions
from runs.management.cli.console import Console
from runs.management.cli.exits import INTERRUPTED, OK, bad_call


class Command(BaseCommand):
    help = "See, start and steer workflow runs."

    def add_arguments(self, parser: CommandParser) -> None:
        add_actions(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(self.stdout, self.style, as_json=options["as_json"])
        try:
            code = ACTIONS[options["action"]](console, options)
        except RunsError as error:
            raise bad_call(error.message) from error
        except DatabaseError as error:
            raise bad_call(f"The database refused: {error}. Has it been migrated?") from error
        except KeyboardInterrupt:
            code = INTERRUPTED
        except BrokenPipeError:
            # Whoever read our output, like `head`, has seen enough. Python would complain on exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = OK
        if code != OK:
            sys.exit(code)
