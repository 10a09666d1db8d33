"""Runs that are followed are looked at in turns, so that none of the looks takes long."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest

from runs.streams.topics import FEWEST, LOOKS, Topics


def topics(count: int) -> Topics:
    made = Topics()
    for run_pk in range(count):
        made[run_pk].followers.clear()  # any access makes the topic
    return made


def turns(made: Topics, begin: float, end: float) -> list[tuple[float, list[int]]]:
    """What is looked at between two moments, by a clock that jumps to the next one."""
    found = []
    while (now := max(begin, made.look_at)) < end:
        found.append((now, made.take_due(now)))
    return found


@pytest.fixture
def begin(settings: Any) -> float:
    settings.RUNS_STREAM_LOOK_SECONDS = 1.0
    return topics(1).look_at


def test_few_runs_are_looked_at_all_together_once_in_a_period(begin: float) -> None:
    taken = [sorted(runs) for _, runs in turns(topics(FEWEST), begin + 1, begin + 3.5)]

    assert taken == [list(range(FEWEST))] * 3


def test_of_many_runs_each_is_looked_at_once_in_a_period_and_some_at_a_time(begin: float) -> None:
    count = 40 * FEWEST
    looks: dict[int, list[float]] = defaultdict(list)
    sizes = set()
    for now, runs in turns(topics(count), begin + 1, begin + 4):
        sizes.add(len(runs))
        for run_pk in runs:
            looks[run_pk].append(now)

    gaps = [after - before for times in looks.values() for before, after in pairwise(times)]
    assert len(looks) == count
    assert sizes == {count // LOOKS}
    assert max(gaps) == pytest.approx(1.0)


def test_a_run_that_is_followed_anew_waits_no_longer_than_the_others(begin: float) -> None:
    made, newest = topics(10 * FEWEST), 10 * FEWEST
    turns(made, begin + 1, begin + 2)
    made[newest].look_at = begin + 3

    looks = turns(made, begin + 2, begin + 3 + 2 / LOOKS)

    assert [newest in runs for _, runs in looks].count(True) == 1


def test_nothing_is_looked_at_before_its_time(begin: float) -> None:
    made = topics(3)

    assert made.take_due(made.look_at - 0.001) == []
