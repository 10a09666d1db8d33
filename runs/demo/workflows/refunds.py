"""A workflow that runs on its own, and as a step of another one."""

from __future__ import annotations

from typing import Any

from runs import StepContext, create_step, create_workflow

from .shapes import Message, Number, Shape

REVIEW_LIMIT = 500


class Refund(Shape):
    order_id: str
    amount: Number


class CheckedRefund(Refund):
    checked_by: str


class PaidRefund(Shape):
    order_id: str
    refunded: Number
    checked_by: str


class FraudQuestion(Shape):
    question: str


class FraudReview(Shape):
    reviewer: str


@create_step(
    id="fraud-check",
    description="Refunds above 500 wait for a human",
    output_schema=CheckedRefund,
    suspend_schema=FraudQuestion,
    resume_schema=FraudReview,
)
def fraud_check(ctx: StepContext[Refund]) -> Any:
    refund = ctx.input_data
    if refund.amount > REVIEW_LIMIT and ctx.resume_data is None:
        return ctx.suspend(FraudQuestion(question=f"Refund {refund.amount}?"))
    reviewer = "rules" if ctx.resume_data is None else ctx.resume_data.reviewer
    return CheckedRefund(**dict(refund), checked_by=reviewer)


@create_step(id="issue-refund")
def issue_refund(ctx: StepContext[CheckedRefund]) -> PaidRefund:
    refund = ctx.input_data
    return PaidRefund(
        order_id=refund.order_id, refunded=refund.amount, checked_by=refund.checked_by
    )


refund_payment = (
    create_workflow(
        id="refund-payment",
        description="The nested part of refund-request; also usable on its own",
        input_schema=Refund,
        output_schema=PaidRefund,
    )
    .then(fraud_check)
    .then(issue_refund)
    .commit()
)


@create_step(id="find-order")
def find_order(ctx: StepContext[Refund]) -> Refund:
    return Refund(order_id=ctx.input_data.order_id.upper(), amount=ctx.input_data.amount)


@create_step(id="notify-customer")
def notify_customer(ctx: StepContext[PaidRefund]) -> Message:
    refund = ctx.input_data
    return Message(
        message=f"Refunded {refund.refunded} for {refund.order_id} (checked by {refund.checked_by})"
    )


refund_request = (
    create_workflow(
        id="refund-request", description="A workflow used as a step of another workflow"
    )
    .then(find_order)
    .then(refund_payment)
    .then(notify_customer)
    .commit()
)
