from __future__ import annotations

import pytest

from runs.demo.workflows import flaky_payment
from runs.exceptions import InvalidInput


@pytest.mark.parametrize(
    ("amount", "failures", "message"),
    [
        (10, 0, "Receipt paid-10 after 1 attempt(s)"),
        (10, 2, "Receipt paid-10 after 3 attempt(s)"),
        (9.5, 1, "Receipt paid-9.5 after 2 attempt(s)"),
    ],
)
def test_a_declined_card_is_tried_again(start, amount, failures, message):
    result = start(flaky_payment, {"amount": amount, "failures": failures})

    assert result.status == "success"
    assert result.result == {"message": message}


def test_the_third_failure_is_final(start):
    result = start(flaky_payment, {"amount": 10, "failures": 3})

    assert result.status == "failed"
    assert result.to_wire()["error"]["message"] == "Card declined (attempt 3)"
    assert result.steps["charge-card"]["status"] == "failed"
    assert "send-receipt" not in result.steps


def test_a_negative_number_of_failures_is_refused(start):
    with pytest.raises(InvalidInput, match=r"^Invalid input data: \n- failures: "):
        start(flaky_payment, {"amount": 10, "failures": -1})
