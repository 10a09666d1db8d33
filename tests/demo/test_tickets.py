from __future__ import annotations

import pytest

from runs.demo.workflows import ticket_triage
from runs.exceptions import InvalidInput


@pytest.mark.parametrize(
    ("text", "priority", "routes"),
    [
        ("hello", 1, ["backlog"]),
        ("hello", 3, ["backlog"]),
        ("server down", 4, ["page-on-call"]),
        ("My INVOICE is wrong", 1, ["billing-desk"]),
        ("refunds please", 2, ["billing-desk"]),
        ("Refund now!", 5, ["billing-desk", "page-on-call"]),
    ],
)
def test_a_ticket_goes_to_every_desk_it_concerns(start, outputs, text, priority, routes):
    ticket = {"text": text, "priority": priority}

    result = start(ticket_triage, ticket)

    assert result.status == "success"
    assert result.result == {"routes": routes}
    assert outputs(result) == {
        "screen-ticket": ticket,
        **{route: {"note": f"{route}: {text}"} for route in routes},
        "close-triage": {"routes": routes},
    }


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_ticket_is_closed_at_once(start, text):
    result = start(ticket_triage, {"text": text, "priority": 5})

    assert result.status == "success"
    assert result.result == {"closed": "empty ticket"}
    assert set(result.steps) == {"input", "screen-ticket"}


@pytest.mark.parametrize("priority", [0, 6, 2.5, "3"])
def test_a_priority_out_of_range_is_refused(start, priority):
    with pytest.raises(InvalidInput, match=r"^Invalid input data: \n- priority: "):
        start(ticket_triage, {"text": "hello", "priority": priority})
