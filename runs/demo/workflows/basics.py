"""Steps one after the other, and what a step may know about the run it is part of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from runs import StepContext, create_step, create_workflow

from .shapes import Number, Shape

GREETINGS = {"en": "Hello", "es": "Hola", "fr": "Bonjour"}


class Visitor(Shape):
    name: str = Field(min_length=1, description="Name of the customer")
    language: Literal["en", "es", "fr"] = "en"


class Customer(Shape):
    name: str
    language: str


class Greeting(Shape):
    greeting: str
    length: Number


@create_step(id="normalize-name", description="Trim and capitalise the name")
def normalize_name(ctx: StepContext[Visitor]) -> Customer:
    words = [word.capitalize() for word in ctx.input_data.name.split()]
    return Customer(name=" ".join(words), language=ctx.input_data.language)


@create_step(id="compose-greeting")
def compose_greeting(ctx: StepContext[Customer]) -> Greeting:
    customer = ctx.input_data
    greeting = f"{GREETINGS[customer.language]}, {customer.name}!"
    return Greeting(greeting=greeting, length=len(greeting))


greet_customer = (
    create_workflow(
        id="greet-customer",
        description="Two plain steps in a row",
        metadata={"group": "basics"},
    )
    .then(normalize_name)
    .then(compose_greeting)
    .commit()
)


class Question(Shape):
    ask: str


class Surroundings(Shape):
    tenant: str | None
    resource_id: str | None
    run_id: str


@create_step(id="read-context")
def read_context(ctx: StepContext[Question]) -> Surroundings:
    return Surroundings(
        tenant=ctx.request_context.get("tenant"),
        resource_id=ctx.resource_id,
        run_id=ctx.run_id,
    )


tenant_echo = (
    create_workflow(id="tenant-echo", description="Echoes request context, resource id and run id")
    .then(read_context)
    .commit()
)
