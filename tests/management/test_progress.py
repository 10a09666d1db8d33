from __future__ import annotations

import pytest

from runs.management.cli.progress import describe


def event(kind, **payload):
    return {"type": kind, "runId": "r", "from": "WORKFLOW", "payload": payload}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (event("workflow-start", workflowId="w"), ("w", "started", "")),
        (event("workflow-step-start", id="a", startedAt=1), ("a", "running", "")),
        (
            event("workflow-step-start", id="a", metadata={"iterationCount": 2}),
            ("a", "running", "iteration 2"),
        ),
        (
            event("workflow-step-start", id="a", resumePayload={"ok": True}),
            ("a", "resumed", '{"ok": true}'),
        ),
        (
            event(
                "workflow-step-result", id="a", status="success", startedAt=1, endedAt=6, output=1
            ),
            ("a", "success", "5 ms  1"),
        ),
        (
            event(
                "workflow-step-result",
                id="a",
                status="success",
                startedAt=1,
                resumedAt=1000,
                endedAt=1002,
            ),
            ("a", "success", "2 ms"),
        ),
        (
            event("workflow-step-result", id="a", status="failed", error={"message": "no"}),
            ("a", "failed", "no"),
        ),
        (
            event(
                "workflow-step-suspended", id="a", suspendPayload={"q": 1, "__workflow_meta": {}}
            ),
            ("a", "suspended", '{"q": 1}'),
        ),
        (event("workflow-step-waiting", id="z", status="waiting"), ("z", "waiting", "")),
        (
            event(
                "workflow-step-progress",
                id="a",
                completedCount=2,
                totalCount=3,
                currentIndex=0,
                iterationStatus="success",
            ),
            ("a", "success", "item 0, 2 of 3"),
        ),
        (
            event("workflow-step-output", stepName="a", output={"kind": "row"}),
            ("a", "output", '{"kind": "row"}'),
        ),
        (event("workflow-canceled"), ("", "canceled", "")),
        (event("workflow-paused"), ("", "paused", "")),
        (event("workflow-finish", workflowStatus="success"), ("", "success", "")),
        (
            event("workflow-finish", workflowStatus="failed", metadata={"errorMessage": "no"}),
            ("", "failed", "no"),
        ),
        ({"type": "data-rows", "data": {"rows": 3}}, ("data-rows", "custom", '{"rows": 3}')),
        ({"type": "note", "x": 1}, ("note", "custom", '{"type": "note", "x": 1}')),
    ],
)
def test_what_an_event_says(told, said):
    assert describe(told) == said
