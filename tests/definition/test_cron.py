from __future__ import annotations

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from runs.definition.cron import Cron
from runs.exceptions import InvalidSchedule

MADRID, NEW_YORK = "Europe/Madrid", "America/New_York"


def fires(expression: str, zone: str, start: str, count: int) -> list[str]:
    """The fires after a local time, as local times with their offsets."""
    local = ZoneInfo(zone or "UTC")
    cron = Cron(expression, zone)
    moments = [round(datetime.fromisoformat(start).replace(tzinfo=local).timestamp() * 1000)]
    while len(moments) <= count and (moment := cron.after(moments[-1])) is not None:
        moments.append(moment)
    shown = (datetime.fromtimestamp(m / 1000, local).isoformat() for m in moments[1:])
    return list(islice(shown, count))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/30 * * * *", ["2026-05-01T12:30:00+00:00", "2026-05-01T13:00:00+00:00"]),
        ("*/20 * * * * *", ["2026-05-01T12:00:20+00:00", "2026-05-01T12:00:40+00:00"]),
        ("15 0 9 * * MON-FRI", ["2026-05-04T09:00:15+00:00", "2026-05-05T09:00:15+00:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00:00+00:00", "2032-02-29T00:00:00+00:00"]),
        ("0 0 L * *", ["2026-05-31T00:00:00+00:00", "2026-06-30T00:00:00+00:00"]),
        ("0 0 0 1 1 * 2028-2034/3", ["2028-01-01T00:00:00+00:00", "2031-01-01T00:00:00+00:00"]),
        ("0 0 0 1 1 * 2030,2027", ["2027-01-01T00:00:00+00:00", "2030-01-01T00:00:00+00:00"]),
        ("0 0 0 1 6 * 2026", ["2026-06-01T00:00:00+00:00"]),
        ("0 0 0 1 1 * 2020", []),
    ],
)
def test_five_six_and_seven_parts_fire_when_they_say(expression: str, expected: list[str]) -> None:
    assert fires(expression, "", "2026-05-01T12:00:00", 2) == expected


@pytest.mark.parametrize(("parts", "seconds"), [("30 2 * * *", "00"), ("45 30 2 * * *", "45")])
def test_a_time_that_the_clocks_leave_out_fires_when_they_have_changed(
    parts: str, seconds: str
) -> None:
    assert fires(parts, MADRID, "2026-03-28T00:00:00", 3) == [
        f"2026-03-28T02:30:{seconds}+01:00",
        f"2026-03-29T03:00:{seconds}+02:00",
        f"2026-03-30T02:30:{seconds}+02:00",
    ]


@pytest.mark.parametrize(("parts", "seconds"), [("30 1 * * *", "00"), ("45 30 1 * * *", "45")])
def test_a_time_that_the_clocks_repeat_fires_once(parts: str, seconds: str) -> None:
    assert fires(parts, NEW_YORK, "2026-10-31T00:00:00", 3) == [
        f"2026-10-31T01:30:{seconds}-04:00",
        f"2026-11-01T01:30:{seconds}-04:00",
        f"2026-11-02T01:30:{seconds}-05:00",
    ]


def test_an_hourly_expression_fires_hourly_while_the_clocks_change() -> None:
    assert fires("0 * * * *", NEW_YORK, "2026-03-08T00:30:00", 3) == [
        "2026-03-08T01:00:00-05:00",
        "2026-03-08T03:00:00-04:00",
        "2026-03-08T04:00:00-04:00",
    ]
    assert fires("0 * * * *", MADRID, "2026-10-25T01:30:00", 3) == [
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


def test_a_repeated_time_that_is_over_does_not_come_again() -> None:
    second_time = datetime(2026, 11, 1, 1, 10, tzinfo=ZoneInfo(NEW_YORK), fold=1)

    following = Cron("30 1 * * *", NEW_YORK).after(round(second_time.timestamp() * 1000))

    assert following is not None
    assert datetime.fromtimestamp(following / 1000, ZoneInfo(NEW_YORK)).day == 2


def test_a_fire_is_after_the_moment_and_never_at_it() -> None:
    noon = round(datetime.fromisoformat("2026-05-01T12:00:00+00:00").timestamp() * 1000)

    assert Cron("0 12 * * *").after(noon) == noon + 86_400_000
    assert Cron("0 12 * * *").after(noon - 1) == noon


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("bogus", "expected 5, 6 or 7 parts"),
        ("", "expected 5, 6 or 7 parts"),
        ("* * * * * * * *", "expected 5, 6 or 7 parts"),
        ("61 * * * *", "bad minute"),
        ("* * * * 9", "bad day-of-week"),
        ("77 * * * * *", "bad second"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("0 0 0 1 1 * soon", "bad year"),
        ("0 0 0 1 1 * 2030-2020", "bad year"),
        ("0 0 0 1 1 * 2020/0", "bad year"),
    ],
)
def test_what_is_no_expression_is_named_with_the_reason(expression: str, reason: str) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        Cron(expression)

    assert caught.value.message == f'Invalid cron expression "{expression}": {reason}'


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "Europe", "a\0b"])
def test_an_unknown_time_zone_is_named(zone: str) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        Cron("* * * * *", zone)

    assert caught.value.message == f'Invalid timezone "{zone}"'
