"""How the command ends: exit codes that scripts may rely on."""

from __future__ import annotations

from typing import Final

from django.core.management.base import CommandError

OK: Final = 0
FAILED: Final = 1
BAD_CALL: Final = 2
CANCELED: Final = 3
INTERRUPTED: Final = 130

_BY_STATUS = {"failed": FAILED, "tripwire": FAILED, "canceled": CANCELED}


def bad_call(message: str) -> CommandError:
    """Make the error for what cannot be done, to be raised before anything has changed."""
    return CommandError(message, returncode=BAD_CALL)


def exit_code(status: str) -> int:
    """Tell the exit code for a run that came to rest with this status."""
    return _BY_STATUS.get(status, OK)
