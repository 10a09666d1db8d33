"""State that all steps of a run share, given by whoever starts it."""

from __future__ import annotations

from runs import StepContext, create_step, create_workflow

from .shapes import Number, Shape, in_cents

DISCOUNT_FROM = 3
DISCOUNT_FACTOR = 0.9


class Cart(Shape):
    items: list[str]
    total: Number


class Purchase(Shape):
    item: str
    price: Number


class ItemCount(Shape):
    count: Number


class Discount(Shape):
    discounted: bool


class Receipt(Shape):
    receipt: str


@create_step(id="add-item", state_schema=Cart)
def add_item(ctx: StepContext[Purchase]) -> ItemCount:
    cart = Cart(
        items=[*ctx.state.items, ctx.input_data.item],
        total=in_cents(ctx.state.total + ctx.input_data.price),
    )
    ctx.set_state(cart)
    return ItemCount(count=len(cart.items))


@create_step(id="apply-discount", state_schema=Cart)
def apply_discount(ctx: StepContext[ItemCount]) -> Discount:
    if ctx.input_data.count < DISCOUNT_FROM:
        return Discount(discounted=False)
    total = in_cents(ctx.state.total * DISCOUNT_FACTOR)
    ctx.set_state(Cart(items=ctx.state.items, total=total))
    return Discount(discounted=True)


@create_step(id="checkout", state_schema=Cart)
def checkout(ctx: StepContext[Discount]) -> Receipt:
    note = " (discount)" if ctx.input_data.discounted else ""
    return Receipt(receipt=f"{'+'.join(ctx.state.items)} = {ctx.state.total}{note}")


shopping_cart = (
    create_workflow(id="shopping-cart", description="Steps share workflow state", state_schema=Cart)
    .then(add_item)
    .then(apply_discount)
    .then(checkout)
    .commit()
)
