from __future__ import annotations

import pytest

from runs.demo.workflows import long_job, ship_order
from runs.exceptions import InvalidInput


def test_a_job_reports_each_chunk(create_run):
    stream = create_run(long_job).stream({"chunks": 5, "delayMs": 1})

    chunks = [
        event["payload"]["output"] for event in stream if event["type"] == "workflow-step-output"
    ]
    result = stream.result()

    assert chunks == [
        {"kind": "progress", "processed": processed, "of": 5} for processed in (1, 2, 3, 4, 5)
    ]
    assert result.result == {"message": "Processed 5 chunks"}
    assert result.steps["process-chunks"]["output"] == {"processed": 5, "stopped": False}


async def test_a_canceled_job_stops_between_two_chunks(transactional_db):
    run = await long_job.acreate_run(execution="inline")
    stream = await run.astream({"chunks": 1000, "delayMs": 20})

    seen = []
    async for event in stream:
        seen.append(event["type"])
        if seen.count("workflow-step-output") == 2:
            await run.acancel()
    result = await stream.aresult()

    assert result.status == "canceled"
    assert seen[-2:] == ["workflow-canceled", "workflow-finish"]
    assert result.steps["process-chunks"]["output"]["stopped"] is True
    assert "finish-job" not in result.steps
    await run.arefresh_from_db()
    assert run.status == "canceled"


@pytest.mark.parametrize("field", ["chunks", "delayMs"])
@pytest.mark.parametrize("value", [0, -1, 1.5])
def test_a_job_needs_positive_whole_numbers(start, field, value):
    with pytest.raises(InvalidInput, match=rf"^Invalid input data: \n- {field}: "):
        start(long_job, {"chunks": 1, "delayMs": 1} | {field: value})


@pytest.mark.parametrize("hold_ms", [0, 20])
def test_a_parcel_is_held_and_dispatched(start, outputs, hold_ms):
    result = start(ship_order, {"parcel": "P0", "holdMs": hold_ms})

    assert result.status == "success"
    assert outputs(result) == {
        "prepare-shipment": {"parcel": "P0", "label": "L-P0", "holdMs": hold_ms},
        "hold-shipment": {"label": "L-P0"},
        "dispatch-shipment": {"message": "Dispatched L-P0"},
    }
    assert result.result == {"message": "Dispatched L-P0"}


def test_a_negative_hold_is_refused(start):
    with pytest.raises(InvalidInput, match=r"^Invalid input data: \n- holdMs: "):
        start(ship_order, {"parcel": "P0", "holdMs": -1})
