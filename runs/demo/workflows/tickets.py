"""A branch with arms that may all match, and a step that ends the run early."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from runs import Step, StepContext, create_step, create_workflow

from .shapes import Shape

URGENT_FROM = 4
BILLING_WORDS = ("invoice", "refund")


class Ticket(Shape):
    text: str
    priority: int = Field(ge=1, le=5)


class Note(Shape):
    note: str


class Triage(Shape):
    routes: list[str]


@create_step(id="screen-ticket", output_schema=Ticket)
def screen_ticket(ctx: StepContext[Ticket]) -> Any:
    if not ctx.input_data.text.strip():
        return ctx.bail({"closed": "empty ticket"})
    return ctx.input_data


def create_desk(step_id: str) -> Step:
    """Create a step that notes who took the ticket."""

    def take(ctx: StepContext[Ticket]) -> Note:
        return Note(note=f"{step_id}: {ctx.input_data.text}")

    return create_step(id=step_id, execute=take)


page_on_call = create_desk("page-on-call")
billing_desk = create_desk("billing-desk")
backlog = create_desk("backlog")


@create_step(id="close-triage")
def close_triage(ctx: StepContext[dict[str, Any]]) -> Triage:
    return Triage(routes=sorted(ctx.input_data))


def is_urgent(ctx: StepContext[Any]) -> bool:
    return bool(ctx.input_data["priority"] >= URGENT_FROM)


def is_billing(ctx: StepContext[Any]) -> bool:
    text = ctx.input_data["text"].lower()
    return any(word in text for word in BILLING_WORDS)


def is_neither(ctx: StepContext[Any]) -> bool:
    return not is_urgent(ctx) and not is_billing(ctx)


ticket_triage = (
    create_workflow(
        id="ticket-triage", description="Branches (several may match) and an early bail"
    )
    .then(screen_ticket)
    .branch(
        [
            (is_urgent, page_on_call),
            (is_billing, billing_desk),
            (is_neither, backlog),
        ]
    )
    .then(close_triage)
    .commit()
)
