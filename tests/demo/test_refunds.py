from __future__ import annotations

import pytest

from runs.demo.workflows import refund_payment, refund_request
from runs.exceptions import InvalidInput


def test_a_small_refund_passes_the_rules(start):
    result = start(refund_payment, {"orderId": "o1", "amount": 20})

    assert result.result == {"orderId": "o1", "refunded": 20, "checkedBy": "rules"}


def test_a_refund_of_exactly_the_limit_passes_the_rules(start):
    result = start(refund_payment, {"orderId": "o1", "amount": 500})

    assert result.result == {"orderId": "o1", "refunded": 500, "checkedBy": "rules"}


@pytest.mark.parametrize(("amount", "question"), [(900, "Refund 900?"), (500.5, "Refund 500.5?")])
def test_a_large_refund_waits_for_a_human(create_run, amount, question):
    run = create_run(refund_payment)

    suspended = run.start({"orderId": "o1", "amount": amount})
    finished = run.resume({"reviewer": "Mia"})

    assert suspended.suspend_payload == {"fraud-check": {"question": question}}
    assert suspended.suspended == [["fraud-check"]]
    assert finished.result == {"orderId": "o1", "refunded": amount, "checkedBy": "Mia"}


def test_the_request_runs_the_payment_as_a_step(start, outputs):
    result = start(refund_request, {"orderId": "o1", "amount": 20})

    assert result.result == {"message": "Refunded 20 for O1 (checked by rules)"}
    assert outputs(result) == {
        "find-order": {"orderId": "O1", "amount": 20},
        "refund-payment": {"orderId": "O1", "refunded": 20, "checkedBy": "rules"},
        "notify-customer": {"message": "Refunded 20 for O1 (checked by rules)"},
    }


@pytest.mark.parametrize(
    "step",
    [None, "refund-payment", "refund-payment.fraud-check", ["refund-payment", "fraud-check"]],
)
def test_a_large_request_waits_inside_the_payment(create_run, step):
    run = create_run(refund_request)

    suspended = run.start({"orderId": "o1", "amount": 900})
    finished = run.resume({"reviewer": "Mia"}, step=step)

    assert suspended.status == "suspended"
    assert suspended.suspended == [["refund-payment", "fraud-check"]]
    assert suspended.suspend_payload == {"refund-payment": {"question": "Refund 900?"}}
    assert finished.result == {"message": "Refunded 900 for O1 (checked by Mia)"}


def test_a_wrong_refund_is_refused(start):
    with pytest.raises(InvalidInput, match=r"^Invalid input data: \n- amount: "):
        start(refund_request, {"orderId": "o1", "amount": "20"})
