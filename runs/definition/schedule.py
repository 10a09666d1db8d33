"""Schedules declared with a workflow: ``create_workflow(..., schedules=[Schedule(...)])``."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from runs.definition.cron import Cron
from runs.definition.serialize import to_json
from runs.exceptions import DefinitionError, InvalidSchedule, NotSerializable

Json = Any
#: What becomes of a fire that nobody was there for: nothing, or one run for all that were missed.
MISSED = ("skip", "once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a workflow starts by itself, and with what.

    ``cron`` has 5, 6 (seconds first) or 7 (year last) parts, read in ``timezone`` (UTC unless
    said). ``missed`` is what becomes of fires that come too late because no worker was alive:
    "once" starts one run for all of them, "skip" none. ``id`` makes a second schedule of one
    workflow recognizable when others are added or removed before it.
    """

    cron: str
    timezone: str = ""
    id: str = ""
    input_data: Json = None
    initial_state: dict[str, Json] | None = None
    request_context: dict[str, Json] | None = None
    resource_id: str | None = None
    metadata: dict[str, Json] | None = None
    missed: str = "once"
    #: Begin as paused; somebody resumes it where it is wanted.
    paused: bool = False

    def checked(self, where: str) -> Schedule:
        """The schedule with plain JSON values, if it can work; else DefinitionError."""
        if self.missed not in MISSED:
            raise DefinitionError(f'{where}: missed is "skip" or "once", not {self.missed!r}')
        try:
            Cron(self.cron, self.timezone)
            return replace(
                self, **{name: to_json(getattr(self, name), where=name) for name in _JSON}
            )
        except (InvalidSchedule, NotSerializable) as error:
            raise DefinitionError(f"{where}: {error.message}") from None

    def members(self) -> dict[str, Json]:
        """What a row of it says, but for its id."""
        members = asdict(self)
        del members["id"], members["paused"]
        return members


_JSON = ("input_data", "initial_state", "request_context", "metadata")


def checked_all(schedules: Any, workflow_id: str) -> tuple[Schedule, ...]:
    """The schedules of a workflow, each with an id of its own; else DefinitionError."""
    where = f"Workflow {workflow_id!r}: schedules"
    if not isinstance(schedules, list | tuple) or not all(
        isinstance(one, Schedule) for one in schedules
    ):
        raise DefinitionError(f"{where} is a list of Schedule")
    named = tuple(
        replace(one.checked(f"{where}[{at}]"), id=slug(one.id) or _default_id(workflow_id, at))
        for at, one in enumerate(schedules)
    )
    if len({one.id for one in named}) < len(named):
        raise DefinitionError(f"{where}: two of them have the same id")
    return named


def _default_id(workflow_id: str, at: int) -> str:
    return slug(workflow_id) + (f"-{at + 1}" if at else "")


def slug(text: str) -> str:
    """An id as it stands in URLs: lower case letters, digits, ``_`` and single dashes."""
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9_]+", "-", text.lower())).strip("-")
