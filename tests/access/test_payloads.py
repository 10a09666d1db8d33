"""What remains of a record for who may not see payloads."""

from __future__ import annotations

from runs.access import without_payloads


def test_a_record_keeps_statuses_times_and_errors() -> None:
    record = {
        "runId": "r",
        "status": "failed",
        "payload": {"card": "4711"},
        "result": 1,
        "initialState": {"a": 1},
        "error": {"message": "declined", "name": "Error"},
        "steps": {
            "charge": {"status": "failed", "payload": {"card": "4711"}, "startedAt": 1},
            "ask": {"status": "suspended", "suspendPayload": {"q": 1}, "suspendedAt": 2},
            "output": {"status": "success", "output": 1},
            "input": {"card": "4711"},
        },
    }

    assert without_payloads(record) == {
        "runId": "r",
        "status": "failed",
        "error": {"message": "declined", "name": "Error"},
        "steps": {
            "charge": {"status": "failed", "startedAt": 1},
            "ask": {"status": "suspended", "suspendedAt": 2},
            "output": {"status": "success"},
        },
    }


def test_an_event_tells_that_a_step_ran() -> None:
    event = {
        "type": "workflow-step-result",
        "runId": "r",
        "from": "WORKFLOW",
        "payload": {"id": "a", "status": "success", "payload": 1, "output": 2, "endedAt": 3},
    }

    assert without_payloads(event) == {
        "type": "workflow-step-result",
        "runId": "r",
        "from": "WORKFLOW",
        "payload": {"id": "a", "status": "success", "endedAt": 3},
    }
