"""Years, months and days to drill down into, without looking at every row.

Django's own asks the database for all dates there are, which reads the whole table. Here the first
and the last are asked for, and an index has them.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.formats import date_format


@dataclass(frozen=True, slots=True)
class Step:
    """A way to go: deeper where ``is_here`` is false, else where one is."""

    title: str
    link: str
    is_here: bool = False


class DrillDown:
    """The dates of a list, as far as somebody has gone into them."""

    def __init__(self, changelist: ChangeList, field: str) -> None:
        self._list, self._field = changelist, field
        year, month, day = (self._chosen(part) for part in ("year", "month", "day"))
        self.year, self.month = year, month if year else None
        self.day = day if self.month else None

    def _chosen(self, part: str) -> int | None:
        value = self._list.params.get(f"{self._field}__{part}")
        value = value[-1] if isinstance(value, list) else value
        return int(value) if value and value.isdecimal() else None

    @property
    def above(self) -> list[Step]:
        """The way back up, outermost first."""
        if self.year is None:
            return []
        steps = [Step("All dates", self._link())]
        if self.month is not None:
            steps.append(Step(str(self.year), self._link(year=self.year)))
        if self.day is not None and self.month is not None:
            title = date_format(date(self.year, self.month, 1), "YEAR_MONTH_FORMAT")
            steps.append(Step(title, self._link(year=self.year, month=self.month)))
        return steps

    @property
    def below(self) -> list[Step]:
        """What can be chosen next, within the first and the last date that there are."""
        span = self._span()
        if span is None:
            return []
        if self.day is not None and self.year is not None and self.month is not None:
            here = date_format(date(self.year, self.month, self.day), "DATE_FORMAT")
            return [Step(here, "", is_here=True)]
        return list(self._choices(*span))

    def _choices(self, first: date, last: date) -> Iterator[Step]:
        if self.year is None:
            for year in range(first.year, last.year + 1):
                yield Step(str(year), self._link(year=year))
        elif self.month is None:
            for month in range(1, 13):
                if (first.year, first.month) <= (self.year, month) <= (last.year, last.month):
                    title = date_format(date(self.year, month, 1), "YEAR_MONTH_FORMAT")
                    yield Step(title, self._link(year=self.year, month=month))
        else:
            for number in range(1, calendar.monthrange(self.year, self.month)[1] + 1):
                day = date(self.year, self.month, number)
                if first <= day <= last:
                    link = self._link(year=self.year, month=self.month, day=number)
                    yield Step(date_format(day, "MONTH_DAY_FORMAT"), link)

    def _span(self) -> tuple[date, date] | None:
        ends = self._list.root_queryset.order_by().aggregate(
            first=Min(self._field), last=Max(self._field)
        )
        if ends["first"] is None:
            return None
        return _local(ends["first"]), _local(ends["last"])

    def _link(self, **chosen: int) -> str:
        wanted: dict[str, Any] = {f"{self._field}__{part}": n for part, n in chosen.items()}
        return self._list.get_query_string(wanted, [f"{self._field}__"])


def _local(moment: datetime) -> date:
    return timezone.localtime(moment).date()


class FastChangeList(ChangeList):
    """A list whose dates are drilled into by `DrillDown`."""

    @property
    def dates(self) -> DrillDown | None:
        field = self.date_hierarchy
        return DrillDown(self, str(field)) if field else None
