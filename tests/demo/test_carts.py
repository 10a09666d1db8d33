from __future__ import annotations

import pytest

from runs.demo.workflows import shopping_cart
from runs.exceptions import InvalidInput

EMPTY = {"items": [], "total": 0}


def test_the_third_item_brings_a_discount(start, outputs):
    result = start(
        shopping_cart,
        {"item": "pear", "price": 5},
        initial_state={"items": ["fig", "kiwi"], "total": 15},
        output_options={"include_state": True},
    )

    assert result.result == {"receipt": "fig+kiwi+pear = 18 (discount)"}
    assert result.state == {"items": ["fig", "kiwi", "pear"], "total": 18}
    assert outputs(result) == {
        "add-item": {"count": 3},
        "apply-discount": {"discounted": True},
        "checkout": {"receipt": "fig+kiwi+pear = 18 (discount)"},
    }


@pytest.mark.parametrize(
    ("purchase", "cart", "receipt"),
    [
        ({"item": "pear", "price": 5}, EMPTY, "pear = 5"),
        ({"item": "pear", "price": 0.1}, {"items": ["fig"], "total": 0.2}, "fig+pear = 0.3"),
        (
            {"item": "c", "price": 2},
            {"items": ["a", "b"], "total": 1.99},
            "a+b+c = 3.59 (discount)",
        ),
        ({"item": "pear", "price": 2.5}, {"items": ["fig"], "total": 2.5}, "fig+pear = 5"),
    ],
)
def test_receipts(start, purchase, cart, receipt):
    result = start(shopping_cart, purchase, initial_state=cart)

    assert result.result == {"receipt": receipt}


def test_a_missing_cart_is_refused(start):
    with pytest.raises(InvalidInput) as caught:
        start(shopping_cart, {"item": "pear", "price": 5})

    heading, *issues = caught.value.message.splitlines()
    assert heading == "Invalid initial data: "
    assert [issue.partition(": ")[0] for issue in issues] == ["- items", "- total"]


def test_a_cart_of_the_wrong_shape_is_refused(start):
    with pytest.raises(InvalidInput, match=r"^Invalid initial data: \n- items"):
        start(
            shopping_cart,
            {"item": "pear", "price": 5},
            initial_state={"items": [1], "total": 0},
        )
