from __future__ import annotations

import itertools

import pytest

from runs.ui.run.timescale import FOLD_SHARE, timescale


def test_moments_lie_in_proportion_where_nothing_is_folded() -> None:
    scale = timescale([(0, 1000)], 0, 1000)

    assert [scale.at(moment) for moment in (0, 250, 1000, 2000)] == [0.0, 0.25, 1.0, 1.0]
    assert scale.folds == []


def test_a_long_wait_gets_a_small_part_of_the_axis() -> None:
    scale = timescale([(0, 1_000), (90_000_000, 90_001_000)], 0, 90_001_000)

    assert [(fold.start, fold.end) for fold in scale.folds] == [(1_000, 90_000_000)]
    assert scale.at(1_000) == pytest.approx((1 - FOLD_SHARE) / 2)
    assert scale.at(90_000_000) == pytest.approx((1 + FOLD_SHARE) / 2)


def test_short_pauses_are_not_folded() -> None:
    assert timescale([(0, 100), (1_900, 2_000)], 0, 2_000).folds == []


def test_all_of_the_time_is_on_the_axis_in_order() -> None:
    scale = timescale([(10, 20), (15, 40), (5_000_000, 5_000_010)], 0, 9_000_000)

    ends = [(piece.left, piece.right) for piece in scale.pieces]
    assert ends[0][0] == 0.0
    assert ends[-1][1] == pytest.approx(1.0)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(ends))
    assert [piece.folded for piece in scale.pieces] == [False, False, True, False, True]


def test_a_run_in_which_nothing_was_done_has_an_axis_too() -> None:
    scale = timescale([], 0, 90_000_000)

    assert scale.folds == []
    assert scale.at(45_000_000) == 0.5


def test_ticks_are_round_times_outside_of_folds() -> None:
    scale = timescale([(0, 1_000), (90_000_000, 90_001_000)], 0, 90_001_000)

    assert [moment for _, moment in scale.ticks(4)] == [0, 500, 1_000, 90_000_500, 90_001_000]


@pytest.mark.parametrize(
    ("length", "step"), [(7, 2), (730, 200), (1_040, 500), (59_000, 20_000), (10**9, 604_800_000)]
)
def test_ticks_are_as_far_apart_as_people_count(length: int, step: int) -> None:
    start = 1_700_000_000_123

    ticks = [moment - start for _, moment in timescale([], start, start + length).ticks(5)]

    assert ticks == list(range(0, length + 1, step))


def test_many_folds_leave_room_for_the_work() -> None:
    work = [(hour * 3_600_000, hour * 3_600_000 + 1_000) for hour in range(40)]
    scale = timescale(work, 0, work[-1][1])

    assert len(scale.folds) == 39
    assert sum(fold.right - fold.left for fold in scale.folds) == pytest.approx(0.5)


def test_the_last_stretch_grows_unless_it_is_folded() -> None:
    assert timescale([(0, 1_000)], 0, 1_000).grows == 1.0
    assert timescale([(0, 1_000)], 0, 90_000_000).grows == 0.0


class Moment(int):
    """Counts how often it is compared."""

    compared = 0

    def __le__(self, other: int) -> bool:
        Moment.compared += 1
        return int(self) <= other

    def __gt__(self, other: int) -> bool:
        Moment.compared += 1
        return int(self) > other


def test_a_long_axis_is_not_searched_piece_by_piece() -> None:
    scale = timescale([(at * 10, at * 10 + 5) for at in range(1000)], 0, 10_000)

    place = scale.at(Moment(9_992))

    assert (len(scale.pieces), round(place, 4)) == (2000, 0.9992)
    assert Moment.compared < 20
