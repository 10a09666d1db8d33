"""The filters of the list of runs, as they stand in its address: there, in chips and in fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime, timedelta

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from runs.models.run import STATUSES
from runs.operations.listing import RunFilter

#: Periods by what they are called in the address.
PERIODS = {
    "1h": ("last hour", timedelta(hours=1)),
    "1d": ("last 24 hours", timedelta(days=1)),
    "7d": ("last 7 days", timedelta(days=7)),
    "30d": ("last 30 days", timedelta(days=30)),
}
NAMES = ("status", "workflow", "resource", "text", "since", "until", "mine")
_KNOWN = {status.value for status in STATUSES}


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is on, and the address without it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. Values that mean nothing are no filters, and are not shown."""

    query: QueryDict
    user_pk: int | None

    @classmethod
    def of(cls, request: HttpRequest) -> Filters:
        return cls(request.GET, request.user.pk)

    @property
    def statuses(self) -> tuple[str, ...]:
        return tuple(one for one in self.query.getlist("status") if one in _KNOWN)

    @property
    def workflows(self) -> tuple[str, ...]:
        return tuple(one for one in self.query.getlist("workflow") if one)

    @property
    def resource(self) -> str:
        return self.query.get("resource", "").strip()

    @property
    def text(self) -> str:
        return self.query.get("text", "").strip()

    @property
    def since(self) -> str:
        value = self.query.get("since", "")
        return value if value in PERIODS or _day(value) else ""

    @property
    def until(self) -> str:
        value = self.query.get("until", "")
        return value if _day(value) else ""

    @property
    def mine(self) -> bool:
        return bool(self.query.get("mine"))

    def wanted(self, *, with_status: bool = True) -> RunFilter:
        return RunFilter(
            statuses=self.statuses if with_status else (),
            workflow_ids=self.workflows,
            resource_id=self.resource,
            text=self.text,
            since=self._since(),
            until=self._until(),
            started_by=self.user_pk if self.mine else None,
        )

    def _since(self) -> datetime | None:
        if self.since in PERIODS:
            return timezone.now() - PERIODS[self.since][1]
        return _day(self.since)

    def _until(self) -> datetime | None:
        day = _day(self.until)
        return None if day is None else day + timedelta(days=1)

    # --- addresses -----------------------------------------------------------------------------

    @property
    def without_cursor(self) -> str:
        """The filters alone, as a query string; for a form that is to have them."""
        query = self.query.copy()
        for name in query.keys() - set(NAMES):
            del query[name]
        return query.urlencode()

    def with_status(self, status: str) -> str:
        """The address with one status more, or less if it is on."""
        return self._without("status", status) if status in self.statuses else self._and(status)

    def _and(self, status: str) -> str:
        query = QueryDict(self.without_cursor, mutable=True)
        query.appendlist("status", status)
        return f"?{query.urlencode()}"

    def _without(self, name: str, value: str | None = None) -> str:
        query = QueryDict(self.without_cursor, mutable=True)
        left = [] if value is None else [one for one in query.getlist(name) if one != value]
        query.setlist(name, left)
        return f"?{query.urlencode()}"

    def chips(self) -> Iterator[Chip]:
        for status in self.statuses:
            yield Chip(status, self._without("status", status))
        for workflow in self.workflows:
            yield Chip(workflow, self._without("workflow", workflow))
        if self.resource:
            yield Chip(f"resource {self.resource}", self._without("resource"))
        if self.text:
            yield Chip(f"“{self.text}…”", self._without("text"))
        if self.since:
            words = PERIODS[self.since][0] if self.since in PERIODS else f"from {self.since}"
            yield Chip(words, self._without("since"))
        if self.until:
            yield Chip(f"to {self.until}", self._without("until"))
        if self.mine:
            yield Chip("mine", self._without("mine"))


def _day(text: str) -> datetime | None:
    """The beginning of a day, in the time zone of the pages."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    if day is None or not MINYEAR < day.year < MAXYEAR:  # there is a day, and a zone, beyond it
        return None
    return timezone.make_aware(datetime(day.year, day.month, day.day))
