from __future__ import annotations

import pytest

from runs.demo.workflows import import_contacts


def test_each_row_and_a_summary_are_told_while_importing(create_run):
    run = create_run(import_contacts)
    stream = run.stream({"csv": "ada,1815\n\ngrace,1906\nalan"})

    events = list(stream)

    chunks = [
        event["payload"]["output"] for event in events if event["type"] == "workflow-step-output"
    ]
    assert chunks == [{"kind": "row", "name": name} for name in ("ada", "grace", "alan")]
    assert [event for event in events if event["type"] == "data-import-summary"] == [
        {
            "type": "data-import-summary",
            "runId": run.run_id,
            "from": "WORKFLOW",
            "data": {"rows": 3},
        }
    ]
    assert stream.result().result == {"stored": 3, "first": "ada"}


@pytest.mark.parametrize(
    ("csv", "stored"),
    [
        ("", {"stored": 0, "first": None}),
        ("\n \n", {"stored": 0, "first": None}),
        ("ada\r\ngrace\r\n", {"stored": 2, "first": "ada"}),
        ("ada lovelace,a,b", {"stored": 1, "first": "ada lovelace"}),
        (",nameless", {"stored": 1, "first": ""}),
    ],
)
def test_files(start, csv, stored):
    assert start(import_contacts, {"csv": csv}).result == stored
