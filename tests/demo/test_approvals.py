from __future__ import annotations

import pytest

from runs.demo.workflows import batch_approval, order_approval
from runs.exceptions import InvalidInput, InvalidResumeData

SMALL = {"orderId": "A1", "quantity": 2, "unitPrice": 10}
LARGE = {"orderId": "A1", "quantity": 3, "unitPrice": 50}


def test_a_small_order_is_approved_by_itself(start, outputs):
    result = start(order_approval, SMALL)

    assert result.status == "success"
    assert result.result == {"fulfil-order": {"message": "Order A1 fulfilled (approved by auto)"}}
    assert outputs(result)["manager-approval"] == {
        "orderId": "A1",
        "total": 20,
        "approved": True,
        "approver": "auto",
    }


def test_an_order_of_exactly_the_limit_needs_no_manager(start):
    result = start(order_approval, {"orderId": "A1", "quantity": 4, "unitPrice": 25})

    assert result.result == {"fulfil-order": {"message": "Order A1 fulfilled (approved by auto)"}}


@pytest.mark.parametrize(
    ("quantity", "unit_price", "total"),
    [(3, 0.1, 0.3), (3, 33.333, 100), (7, 1.006, 7.04), (1, 0.125, 0.13), (2, 50, 100)],
)
def test_totals_are_rounded_to_cents(start, outputs, quantity, unit_price, total):
    order = {"orderId": "A1", "quantity": quantity, "unitPrice": unit_price}

    result = start(order_approval, order)

    assert outputs(result)["price-order"] == {"orderId": "A1", "total": total}


def test_whole_totals_are_stored_without_decimals(start, outputs):
    result = start(order_approval, {"orderId": "A1", "quantity": 2, "unitPrice": 10.5})

    assert repr(outputs(result)["price-order"]["total"]) == "21"


def test_a_large_order_waits_for_a_manager(start):
    result = start(order_approval, LARGE, output_options={"include_resume_labels": True})

    assert result.status == "suspended"
    assert result.suspended == [["manager-approval"]]
    assert result.suspend_payload == {
        "manager-approval": {"reason": "Order needs approval", "total": 150}
    }
    assert result.resume_labels == {"manager-decision": {"stepId": "manager-approval"}}


def test_a_cent_above_the_limit_waits(start):
    result = start(order_approval, {"orderId": "A1", "quantity": 1, "unitPrice": 100.01})

    assert result.suspend_payload == {
        "manager-approval": {"reason": "Order needs approval", "total": 100.01}
    }


@pytest.mark.parametrize("how", [{}, {"step": "manager-approval"}, {"label": "manager-decision"}])
def test_the_manager_approves(create_run, how):
    run = create_run(order_approval)
    run.start(LARGE)

    result = run.resume({"approved": True, "approver": "Mia"}, **how)

    assert result.status == "success"
    assert result.result == {"fulfil-order": {"message": "Order A1 fulfilled (approved by Mia)"}}


def test_the_manager_rejects(create_run):
    run = create_run(order_approval)
    run.start(LARGE)

    result = run.resume({"approved": False, "approver": "Noa"})

    assert result.result == {"reject-order": {"message": "Order A1 rejected by Noa"}}


def test_an_answer_that_does_not_fit_leaves_the_order_waiting(create_run):
    run = create_run(order_approval)
    run.start(LARGE)

    with pytest.raises(InvalidResumeData, match=r"^Invalid resume data: \n- approver: "):
        run.resume({"approved": True})

    result = run.resume({"approved": True, "approver": "Mia"})
    assert result.status == "success"


@pytest.mark.parametrize(
    ("field", "value"),
    [("quantity", 0), ("quantity", 1.5), ("quantity", "3"), ("unitPrice", 0), ("orderId", 1)],
)
def test_a_wrong_order_is_refused(start, field, value):
    with pytest.raises(InvalidInput, match=rf"^Invalid input data: \n- {field}: "):
        start(order_approval, SMALL | {field: value})


EXPENSES = [
    {"who": "ann", "amount": 20},
    {"who": "bob", "amount": 70},
    {"who": "cid", "amount": 50},
    {"who": "dan", "amount": 49.99},
]


def test_expenses_are_reviewed_one_by_one(create_run):
    run = create_run(batch_approval)

    first = run.start(EXPENSES)
    assert first.status == "suspended"
    assert first.suspended == [["review-expense"]]
    assert first.suspend_payload == {"review-expense": {"ask": "bob: 70?"}}

    second = run.resume({"ok": False})
    assert second.status == "suspended"
    assert second.suspend_payload == {"review-expense": {"ask": "cid: 50?"}}

    third = run.resume({"ok": True}, for_each_index=2)
    assert third.status == "success"
    assert third.result == {"approved": ["ann", "cid", "dan"], "refused": ["bob"]}


def test_small_expenses_need_no_review(start):
    result = start(batch_approval, [{"who": "ann", "amount": 49}, {"who": "bob", "amount": 0}])

    assert result.result == {"approved": ["ann", "bob"], "refused": []}


def test_no_expenses_at_all(start):
    result = start(batch_approval, [])

    assert result.result == {"approved": [], "refused": []}


@pytest.mark.parametrize("input_data", [{}, [{"who": "ann"}], [{"who": "ann", "amount": "1"}]])
def test_wrong_expenses_are_refused(start, input_data):
    with pytest.raises(InvalidInput, match=r"^Invalid input data: \n- "):
        start(batch_approval, input_data)
