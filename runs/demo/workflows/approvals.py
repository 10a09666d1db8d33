"""Human in the loop: a step suspends with a question, and whoever resumes it answers."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from runs import StepContext, create_step, create_workflow

from .shapes import Message, Number, PositiveNumber, Shape, in_cents

APPROVAL_LIMIT = 100
EXPENSE_LIMIT = 50


class Order(Shape):
    order_id: str
    quantity: int = Field(gt=0)
    unit_price: PositiveNumber


class PricedOrder(Shape):
    order_id: str
    total: Number


class DecidedOrder(PricedOrder):
    approved: bool
    approver: str


class ApprovalRequest(Shape):
    reason: str
    total: Number


class Decision(Shape):
    approved: bool
    approver: str


@create_step(id="price-order")
def price_order(ctx: StepContext[Order]) -> PricedOrder:
    order = ctx.input_data
    return PricedOrder(order_id=order.order_id, total=in_cents(order.quantity * order.unit_price))


@create_step(
    id="manager-approval",
    description="Waits for a manager when the order is worth more than 100",
    output_schema=DecidedOrder,
    suspend_schema=ApprovalRequest,
    resume_schema=Decision,
)
def manager_approval(ctx: StepContext[PricedOrder]) -> Any:
    order = ctx.input_data
    if order.total <= APPROVAL_LIMIT:
        decision = Decision(approved=True, approver="auto")
    elif ctx.resume_data is None:
        question = ApprovalRequest(reason="Order needs approval", total=order.total)
        return ctx.suspend(question, resume_label="manager-decision")
    else:
        decision = ctx.resume_data
    return DecidedOrder(**dict(order), **dict(decision))


@create_step(id="fulfil-order")
def fulfil_order(ctx: StepContext[DecidedOrder]) -> Message:
    order = ctx.input_data
    return Message(message=f"Order {order.order_id} fulfilled (approved by {order.approver})")


@create_step(id="reject-order")
def reject_order(ctx: StepContext[DecidedOrder]) -> Message:
    order = ctx.input_data
    return Message(message=f"Order {order.order_id} rejected by {order.approver}")


# The result of a branch is keyed by the step that ran. Names with a dash are no Python names, so
# here the schema is written as JSON Schema.
ORDER_OUTCOME = {
    "type": "object",
    "properties": {
        "fulfil-order": Message.model_json_schema(),
        "reject-order": Message.model_json_schema(),
    },
}


order_approval = (
    create_workflow(
        id="order-approval",
        description="Human in the loop: large orders wait for a manager",
        input_schema=Order,
        output_schema=ORDER_OUTCOME,
    )
    .then(price_order)
    .then(manager_approval)
    .branch(
        [
            (lambda ctx: ctx.input_data["approved"] is True, fulfil_order),
            (lambda ctx: ctx.input_data["approved"] is False, reject_order),
        ]
    )
    .commit()
)


class Expense(Shape):
    who: str
    amount: Number


class ReviewedExpense(Shape):
    who: str
    ok: bool


class Review(Shape):
    ok: bool


class ReviewRequest(Shape):
    ask: str


class Tally(Shape):
    approved: list[str]
    refused: list[str]


@create_step(
    id="review-expense",
    output_schema=ReviewedExpense,
    suspend_schema=ReviewRequest,
    resume_schema=Review,
)
def review_expense(ctx: StepContext[Expense]) -> Any:
    expense = ctx.input_data
    if expense.amount < EXPENSE_LIMIT:
        return ReviewedExpense(who=expense.who, ok=True)
    if ctx.resume_data is None:
        return ctx.suspend(ReviewRequest(ask=f"{expense.who}: {expense.amount}?"))
    return ReviewedExpense(who=expense.who, ok=ctx.resume_data.ok)


@create_step(id="tally-expenses")
def tally_expenses(ctx: StepContext[list[ReviewedExpense]]) -> Tally:
    return Tally(
        approved=[expense.who for expense in ctx.input_data if expense.ok],
        refused=[expense.who for expense in ctx.input_data if not expense.ok],
    )


batch_approval = (
    create_workflow(
        id="batch-approval",
        description="Foreach whose items may suspend one by one",
        input_schema=list[Expense],
    )
    .foreach(review_expense, concurrency=1)
    .then(tally_expenses)
    .commit()
)
