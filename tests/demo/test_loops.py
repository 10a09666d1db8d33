from __future__ import annotations

import pytest

from runs.demo.workflows import countdown
from runs.exceptions import InvalidInput


@pytest.mark.parametrize(
    ("start_value", "ticks"),
    [(3, 5), (1, 3), (10, 12)],
)
def test_it_counts_down_then_up_then_lifts_off(start, start_value, ticks):
    result = start(countdown, {"from": start_value})

    assert result.status == "success"
    assert result.result == {"message": f"Liftoff after {ticks} ticks at 2"}


def test_the_records_are_those_of_the_last_iterations(start, outputs):
    result = start(countdown, {"from": 3})

    assert outputs(result) == {
        "init-countdown": {"value": 3, "ticks": 0},
        "tick": {"value": 0, "ticks": 3},
        "rewind": {"value": 2, "ticks": 5},
        "liftoff": {"message": "Liftoff after 5 ticks at 2"},
    }
    assert result.steps["tick"]["metadata"] == {"iterationCount": 3}
    assert result.steps["rewind"]["metadata"] == {"iterationCount": 2}


def test_every_iteration_is_told(create_run):
    stream = create_run(countdown).stream({"from": 3})

    ticks = [
        event["payload"]["output"]
        for event in stream
        if event["type"] == "workflow-step-result" and event["payload"]["id"] == "tick"
    ]

    assert ticks == [
        {"value": 2, "ticks": 1},
        {"value": 1, "ticks": 2},
        {"value": 0, "ticks": 3},
    ]


@pytest.mark.parametrize("value", [0, 101, 1.5, "3", None])
def test_a_start_out_of_range_is_refused(start, value):
    with pytest.raises(InvalidInput, match=r"^Invalid input data: \n- from: "):
        start(countdown, {"from": value})
