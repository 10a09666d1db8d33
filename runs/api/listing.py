"""A page of runs, and how many there are in all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from runs import operations
from runs.access import Caller
from runs.api.bodies import RunsQuery
from runs.conf import conf
from runs.definition.workflow import Workflow
from runs.exceptions import RequestError
from runs.operations.reads import clamped

Json = Any


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    size: int


def page_of(query: RunsQuery) -> Page:
    """Which page is meant by ``page`` and ``perPage``, or by the older ``limit`` and ``offset``.

    Without any of them as many as an answer may hold.
    """
    size = query.per_page if query.per_page is not None else query.limit
    if size == 0:
        raise RequestError("perPage must be a positive integer")
    if size is not None and size > conf.MAX_PAGE:
        raise RequestError(f"perPage must be at most {conf.MAX_PAGE}")
    size = size or conf.MAX_PAGE
    number = query.page if query.page is not None else (query.offset or 0) // size
    return Page(number, size)


def list_runs(caller: Caller, workflow: Workflow, query: RunsQuery, page: Page) -> dict[str, Json]:
    # Clients know times to the millisecond, the database knows them better.
    until = None if query.to_date is None else clamped(query.to_date) + timedelta(milliseconds=1)
    return operations.list_workflow_runs(
        workflow,
        status=query.status,
        resource_id=query.resource_id,
        from_date=query.from_date,
        before=until,
        page=page.number,
        per_page=page.size,
        resource_ids=caller.resource_ids,
    )
