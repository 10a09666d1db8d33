"""Who may do what with which runs: one answer for the API, the pages, the admin and the sockets.

A skin makes a :class:`Caller` of whoever is there and asks it. A caller may do what the Django
permissions of its user say (``runs.start_run``, ``runs.view_run``, ...), and sees all runs, or
those of some resources only. What it may not see is not there: it gets the answer that a missing
run gets.
"""

from __future__ import annotations

from runs.access.caller import Caller
from runs.access.callers import caller_of_token, caller_of_user, public_caller
from runs.access.payloads import without_payloads
from runs.access.tokens import create_token, find_token, revoke_token

__all__ = [
    "Caller",
    "caller_of_token",
    "caller_of_user",
    "create_token",
    "find_token",
    "public_caller",
    "revoke_token",
    "without_payloads",
]
