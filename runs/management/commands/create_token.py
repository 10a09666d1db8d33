"""``manage.py create_token``: a bearer token for the API, printed once."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from runs.access import create_token

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str) -> timedelta | None:
    """Read ``90d``, ``12h``, ``30m``, ``2w`` or ``never``."""
    if text == "never":
        return None
    found = re.fullmatch(r"([1-9]\d{0,5})([mhdw])", text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is not a time such as 90d, 12h, 30m, 2w or never")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


class Command(BaseCommand):
    help = "Make a bearer token with which a program may call the API as a user. Printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="name of the account that the token acts as")
        parser.add_argument("--name", default="", help="what it is for")
        parser.add_argument(
            "--expires",
            type=duration,
            default=timedelta(days=90),
            help="time until it ends: 90d (the default), 12h, 30m, 2w or never",
        )
        parser.add_argument(
            "--resource-id",
            action="append",
            help="keep it to runs of this resource; may be given several times",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()
        name = options["user"]
        user = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
        if user is None:
            raise CommandError(f"There is no account {name!r}.")
        _, text = create_token(
            user,
            name=options["name"],
            expires_in=options["expires"],
            resource_ids=options["resource_id"],
        )
        self.stdout.write(text)
