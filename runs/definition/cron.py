"""Cron expressions in a time zone: when does one fire next?

Five parts as everywhere (minute, hour, day of month, month, day of week), six with seconds in
front, seven with a year at the end. A time that a change of the clocks leaves out fires when the
clocks have changed, one that it repeats fires once; expressions that begin with ``*`` for minute or
hour follow the time that passes, so an hourly one fires hourly.

``cronsim`` reads the five parts and knows about the clocks. Seconds and years are added around it,
so that what holds for five parts holds for all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from runs.exceptions import InvalidSchedule

YEARS = range(1970, 2100)
#: Where expressions begin to be tried out: whatever exists at all comes in the years after it.
_TRIAL = datetime(2000, 1, 1, tzinfo=UTC)


class Cron:
    """A cron expression. Raises InvalidSchedule for what is none, and names it."""

    def __init__(self, expression: str, timezone: str = "") -> None:
        self.zone = _zone(timezone or "UTC")
        try:
            self._seconds, self._minutes, self._years = _read(expression)
        except CronSimError as error:
            text = f'Invalid cron expression "{expression}": {_lower(str(error))}'
            raise InvalidSchedule(text, cron=expression) from None

    def after(self, moment: int) -> int | None:
        """The first fire after a moment, both in milliseconds; None if there is none any more."""
        at = datetime.fromtimestamp(moment // 1000, UTC)
        # The minute of the moment may have seconds left.
        start = at.replace(second=0) - timedelta(seconds=1)
        for minute in self._minutes_after(start):
            past = at.timestamp() - minute.timestamp()
            index = bisect_right(self._seconds, past)
            if index < len(self._seconds):
                return (round(minute.timestamp()) + self._seconds[index]) * 1000
        return None

    def _minutes_after(self, start: datetime) -> Iterator[datetime]:
        while True:
            year = None
            for minute in CronSim(self._minutes, start.astimezone(self.zone)):
                if minute.year in self._years:
                    yield minute
                    continue
                year = minute.year
                break
            following = next((known for known in self._years if year and known > year), None)
            if following is None:
                return
            start = datetime(following, 1, 1, tzinfo=self.zone) - timedelta(seconds=1)


def next_fire(expression: str, timezone: str, moment: int) -> int | None:
    return _known(expression, timezone).after(moment)


@lru_cache(maxsize=1024)
def _known(expression: str, timezone: str) -> Cron:
    return Cron(expression, timezone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise InvalidSchedule(f'Invalid timezone "{name}"', timezone=name) from None


def _read(expression: str) -> tuple[list[int], str, tuple[int, ...]]:
    """The seconds, the five parts, and the years in order."""
    parts = expression.split()
    if not 5 <= len(parts) <= 7:
        raise CronSimError("expected 5, 6 or 7 parts")
    seconds = parts.pop(0) if len(parts) > 5 else "0"
    years = parts.pop() if len(parts) > 5 else "*"
    minutes = " ".join(parts)
    trial = CronSim(f"{seconds} {minutes}", _TRIAL)
    if next(trial, None) is None:
        raise CronSimError("it never fires")
    return sorted(trial.seconds), minutes, _years(years)


def _years(text: str) -> tuple[int, ...]:
    return tuple(sorted({year for part in text.split(",") for year in _years_of(part)}))


def _years_of(part: str) -> range:
    """The years of ``2027``, ``2027-2030``, ``*``, each also with a step as in ``*/2``."""
    span, _, step = part.partition("/")
    first, _, last = ("1970", "-", "2099") if span == "*" else span.partition("-")
    last = last or ("2099" if step else first)
    numbers = [first, last, step or "1"]
    if not all(number.isdecimal() for number in numbers) or (not step and "/" in part):
        raise CronSimError("Bad year")
    begin, end, pace = map(int, numbers)
    if begin not in YEARS or end not in YEARS or begin > end or pace < 1:
        raise CronSimError("Bad year")
    return range(begin, end + 1, pace)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
