"""``manage.py prune_runs``: delete old runs with all that was recorded of them."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from runs.exceptions import RequestError
from runs.management.cli.exits import bad_call
from runs.operations import pruning
from runs.store.pruning import Pruned

UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def age(text: str) -> timedelta:
    """An age such as ``30d``, ``12h`` or ``2w``."""
    found = re.fullmatch(r"(\d+)([wdhms])", text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no age; write 30d, 12h, 90m or 2w")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


class Command(BaseCommand):
    help = "Delete runs that are older than some age, with their steps and events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=age,
            required=True,
            metavar="AGE",
            help="unchanged for so long: 30d, 12h, 90m, 2w",
        )
        parser.add_argument(
            "--status",
            type=names,
            default=[],
            help="statuses, parted by commas; default: " + ",".join(pruning.FINISHED),
        )
        parser.add_argument(
            "--workflow",
            action="append",
            default=[],
            metavar="ID",
            help="only runs of this workflow; may be given several times",
        )
        parser.add_argument(
            "--batch", type=int, default=500, help="runs in one transaction; default: %(default)s"
        )
        parser.add_argument("--dry-run", action="store_true", help="count, and delete nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            which = pruning.condition(options["older_than"], options["status"], options["workflow"])
            if options["dry_run"]:
                self._say("Would delete", pruning.count_prunable(which))
                return
            self._say("Deleted", self._all(pruning.prune_runs(which, batch=options["batch"])))
        except RequestError as error:
            raise bad_call(error.message) from error

    def _all(self, batches: Iterable[Pruned]) -> Pruned:
        whole = Pruned()
        for pruned in batches:
            whole.add(pruned)
            if self.is_interactive():
                self.stderr.write(f"\r{whole.total:,} runs", ending="")
        if self.is_interactive() and whole.total:
            self.stderr.write("")
        return whole

    def is_interactive(self) -> bool:
        return bool(self.stderr.isatty())

    def _say(self, verb: str, pruned: Pruned) -> None:
        for (workflow, status), number in sorted(pruned.runs.items()):
            self.stdout.write(f"{number:>10,}  {workflow}  {status}")
        rows = [f"{number:,} {name}" for name, number in sorted(pruned.rows.items()) if number]
        with_them = f" with {', '.join(rows)}" if rows else ""
        self.stdout.write(f"{verb} {pruned.total:,} runs{with_them}.")
        if pruned.kept:
            self.stdout.write(f"Kept {pruned.kept:,} runs that other records protect.")
