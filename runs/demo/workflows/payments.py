"""A step that fails now and then, and is tried again."""

from __future__ import annotations

from pydantic import Field

from runs import StepContext, create_step, create_workflow

from .shapes import Message, Number, Shape


class Charge(Shape):
    amount: Number
    failures: int = Field(ge=0)


class Receipt(Shape):
    receipt: str
    attempts: Number


class CardDeclined(Exception):
    pass


@create_step(id="charge-card", retries=2)
def charge_card(ctx: StepContext[Charge]) -> Receipt:
    attempt = ctx.retry_count + 1
    if attempt <= ctx.input_data.failures:
        raise CardDeclined(f"Card declined (attempt {attempt})")
    return Receipt(receipt=f"paid-{ctx.input_data.amount}", attempts=attempt)


@create_step(id="send-receipt")
def send_receipt(ctx: StepContext[Receipt]) -> Message:
    receipt = ctx.input_data
    return Message(message=f"Receipt {receipt.receipt} after {receipt.attempts} attempt(s)")


flaky_payment = (
    create_workflow(
        id="flaky-payment",
        description="Two retries; fails for good on the third failure",
    )
    .then(charge_card)
    .then(send_receipt)
    .commit()
)
