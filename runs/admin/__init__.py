"""Django's admin: every table readable, and runs steered through the front door.

Nothing here writes a run's rows. Each button is a call of ``operations`` in the name of whoever
pressed it, behind the permission of that call. Users see the runs that they see elsewhere.
"""

from __future__ import annotations

from runs.admin import records, run_admin, schedules, tokens, workflows  # noqa: F401 - they register
from runs.admin.run_link import RunLink

__all__ = ["RunLink"]
