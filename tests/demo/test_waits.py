from __future__ import annotations

import time

from runs.demo.workflows import nightly_report


def test_a_report_is_rendered_after_three_waits(start):
    began = time.monotonic()

    result = start(nightly_report, {"day": "Monday"})

    assert result.status == "success"
    assert result.result == {"report": "Monday: 600 visits"}
    assert time.monotonic() - began >= 0.15 + 0.2 + 0.05


def test_the_waits_have_the_same_ids_in_graph_steps_and_events(create_run):
    run = create_run(nightly_report)
    stream = run.stream({"day": "Fri", "pauseMs": 10})
    waits = ["sleep_nightly-report_0", "sleep_nightly-report_1", "sleep_nightly-report_2"]

    waiting = [
        event["payload"]["id"] for event in stream if event["type"] == "workflow-step-waiting"
    ]
    result = stream.result()

    assert waiting == waits
    assert [
        entry["id"]
        for entry in nightly_report.serialized_step_graph
        if entry["type"] in ("sleep", "sleepUntil")
    ] == waits
    metrics = {"day": "Fri", "visits": 300, "pauseMs": 10}
    assert [result.steps[wait]["output"] for wait in waits] == [metrics] * 3
    assert result.result == {"report": "Fri: 300 visits"}


def test_no_pause_is_fine(start):
    result = start(nightly_report, {"day": "", "pauseMs": 0})

    assert result.result == {"report": ": 0 visits"}
