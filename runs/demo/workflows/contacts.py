"""What a step tells its followers while it is still at work."""

from __future__ import annotations

from runs import StepContext, create_step, create_workflow

from .shapes import Number, Shape


class ContactFile(Shape):
    csv: str


class ContactNames(Shape):
    names: list[str]


class StoredContacts(Shape):
    stored: Number
    first: str | None


@create_step(id="parse-contacts")
def parse_contacts(ctx: StepContext[ContactFile]) -> ContactNames:
    names = []
    for line in ctx.input_data.csv.splitlines():
        if not line.strip():
            continue
        name = line.partition(",")[0]
        ctx.writer.write({"kind": "row", "name": name})
        names.append(name)
    ctx.writer.custom({"type": "data-import-summary", "data": {"rows": len(names)}})
    return ContactNames(names=names)


@create_step(id="store-contacts")
def store_contacts(ctx: StepContext[ContactNames]) -> StoredContacts:
    names = ctx.input_data.names
    return StoredContacts(stored=len(names), first=names[0] if names else None)


import_contacts = (
    create_workflow(id="import-contacts", description="A step writes its own chunks to the stream")
    .then(parse_contacts)
    .then(store_contacts)
    .commit()
)
