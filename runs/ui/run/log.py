"""The event log: any stretch of it by number, without reading the rest.

Events are numbered without gaps, so the browser knows how long the whole log is and asks for what
is in sight (``start``). A filtered log has no such numbers: it is read from its end, page by page
(``before``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet

from runs import shown
from runs.engine import events
from runs.engine.journal import Status
from runs.models import Run, RunEvent, StepSnapshot

Json = Any

#: Events on one page of the log, and asked for at once by the script.
PAGE = 100
#: Characters of an event's own data that its line shows.
ROOM = 160
#: What can be asked for by ``show``.
GROUPS: dict[str, tuple[str, ...]] = {
    "run": (events.START, events.FINISH, events.CANCELED, events.PAUSED),
    "steps": (events.STEP_START, events.STEP_RESULT, events.STEP_FINISH, events.STEP_PROGRESS),
    "waits": (events.STEP_SUSPENDED, events.STEP_WAITING),
    "output": (events.STEP_OUTPUT, events.CUSTOM, events.CUSTOM_BARE),
}
_TONES = {
    events.STEP_SUSPENDED: "suspended",
    events.STEP_WAITING: "waiting",
    events.STEP_START: "running",
    events.CANCELED: "canceled",
    events.PAUSED: "paused",
}
#: Left out of a line: it is in the columns beside it, or nothing to look at.
_DULL = ("startedAt", "workflowId", "step", "metadata")


@dataclass(frozen=True, slots=True)
class Line:
    """One event, as a line."""

    seq: int
    at: datetime
    type: str
    path: str
    attempt: int
    status: str
    text: str


@dataclass(frozen=True, slots=True)
class Log:
    lines: list[Line]
    #: How many events the run has; their numbers are 0 to total - 1.
    total: int
    show: str
    text: str
    #: The numbers to ask for before and after these; None where there is nothing more.
    older: int | None
    newer: int | None

    @property
    def is_filtered(self) -> bool:
        return bool(self.show or self.text)


def total(run: Run) -> int:
    """The number of the run's next event."""
    last = RunEvent.objects.filter(run_id=run.pk).aggregate(last=Max("seq"))["last"]
    return 0 if last is None else int(last) + 1


def tail(run: Run, *, with_payloads: bool) -> Log:
    """The last events, from a multiple of PAGE on: one full page of them and what follows it."""
    count = total(run)
    start = max((count - 1) // PAGE - 1, 0) * PAGE
    found = _events(run).filter(seq__gte=start).order_by("seq")
    return Log(_lines(found, with_payloads), count, "", "", start - PAGE if start else None, None)


def window(run: Run, start: int, *, with_payloads: bool) -> Log:
    """PAGE events from number ``start`` on, oldest first."""
    count = total(run)
    start = min(max(start, 0), max(count - 1, 0))
    found = _events(run).filter(seq__gte=start, seq__lt=start + PAGE).order_by("seq")
    lines = _lines(found, with_payloads)
    older = max(start - PAGE, 0) if start else None
    newer = start + PAGE if start + PAGE < count else None
    return Log(lines, count, "", "", older, newer)


def latest(
    run: Run, *, show: str = "", text: str = "", before: int | None = None, with_payloads: bool
) -> Log:
    """The last PAGE events, oldest first; those of a group, about a path, and before a number."""
    found = _events(run)
    if show in GROUPS:
        found = found.filter(type__in=GROUPS[show])
    if text:
        found = found.filter(path__icontains=text)
    if before is not None:
        found = found.filter(seq__lt=before)
    page = list(found.order_by("-seq")[: PAGE + 1])
    lines = _lines(reversed(page[:PAGE]), with_payloads)
    older = lines[0].seq if len(page) > PAGE else None
    show = show if show in GROUPS else ""
    return Log(lines, total(run), show, text, older, None)


def about(run: Run, path: str, attempt: int, *, limit: int, with_payloads: bool) -> list[Line]:
    """The last events about one entry, newest first: what it wrote, and how it went."""
    found = _events(run).filter(path=path, attempt=attempt).order_by("-seq")[:limit]
    return _lines(found, with_payloads)


def _events(run: Run) -> QuerySet[RunEvent]:
    return RunEvent.objects.filter(run_id=run.pk)


def _lines(found: Iterable[RunEvent], with_payloads: bool) -> list[Line]:
    listed = list(found)
    came_to = _results(listed)
    return [_line(event, came_to, with_payloads) for event in listed]


def _results(found: list[RunEvent]) -> dict[tuple[int, str], str]:
    """What the entries came to that result events are about, by attempt and path."""
    told = [event for event in found if event.type == events.STEP_RESULT]
    if not told:
        return {}
    entries = StepSnapshot.objects.filter(
        run_id=told[0].run_id,
        attempt__in={event.attempt for event in told},
        path__in={event.path for event in told},
    )
    return {
        (attempt, path): "success" if status == Status.BAILED else status
        for attempt, path, status in entries.values_list("attempt", "path", "status")
    }


def _line(event: RunEvent, came_to: dict[tuple[int, str], str], with_payloads: bool) -> Line:
    own = event.own or {}
    return Line(
        seq=event.seq,
        at=event.at,
        type=_shown_type(event),
        path=event.path,
        attempt=event.attempt,
        status=_tone(event, own, came_to),
        text=_summary(event, own) if with_payloads else "",
    )


def _shown_type(event: RunEvent) -> str:
    if event.type in (events.CUSTOM, events.CUSTOM_BARE):
        return str((event.own or {}).get("type", event.type))
    return event.type


def _tone(event: RunEvent, own: dict[str, Json], came_to: dict[tuple[int, str], str]) -> str:
    if event.type == events.STEP_RESULT:
        return came_to.get((event.attempt, event.path), "success")
    if event.type == events.FINISH:
        return str(own.get("workflowStatus", "success"))
    return _TONES.get(event.type, "pending")


def _summary(event: RunEvent, own: dict[str, Json]) -> str:
    if event.type == events.STEP_OUTPUT:
        return shown.compact(own.get("output"), ROOM)
    said = {name: value for name, value in own.items() if name not in _DULL}
    if event.type == events.STEP_SUSPENDED:
        said = {"suspendPayload": own["suspendPayload"]} if "suspendPayload" in own else {}
    return shown.compact(said, ROOM) if said else ""
