"""Bodies that waited for a thread for longer than a lease: somebody may have taken their run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs import create_workflow
from runs.exceptions import LeaseLost
from runs.models import Run
from runs.store import lease, ledger
from runs.worker import takeover
from runs.worker.drive import drive
from runs.worker.session import Session
from tests.store.gallery import step
from tests.worker.running import started

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]

Between = Callable[[Session], None]


def claimed(bodies: list[bool], **options: Any) -> Session:
    """A session over a run; its body notes whether the run is kept while it goes on."""

    def body(ctx: Any) -> None:
        bodies.append(Run.objects.get().due_at is not None)

    flow = create_workflow("w").then(step("s", body, **options)).commit()
    [run] = started(flow)
    claim = lease.claim(run.pk, "me")
    assert claim is not None
    [session] = takeover.open_claimed([claim])
    return session


def driven(session: Session, between: Between) -> bool:
    """Drive a session whose bodies get their threads only after something has happened."""

    async def pool(function: Callable[[Any], Any], ctx: Any) -> Any:
        await sync_to_async(between)(session)
        return await sync_to_async(function)(ctx)

    return asyncio.run(drive(session, sync_to_async(ledger.append_one), pool, holds=False))


def grow_late(session: Session) -> None:
    session.kept_at = time.monotonic() - lease.lasts()


def lose(session: Session) -> None:
    assert lease.abandon("me") == 1


both_kinds = pytest.mark.parametrize("transactional", [False, True])


@both_kinds
def test_a_late_body_of_a_run_that_was_taken_over_does_not_begin(transactional: bool) -> None:
    bodies: list[bool] = []
    session = claimed(bodies, transactional=transactional)

    def lose_late(session: Session) -> None:
        grow_late(session)
        lose(session)

    with pytest.raises(LeaseLost):
        driven(session, lose_late)

    assert bodies == []
    assert Run.objects.get().steps.get(path="s").status == "running"


def test_a_transactional_body_begins_only_if_its_transaction_finds_the_run_its_own() -> None:
    bodies: list[bool] = []
    session = claimed(bodies, transactional=True)

    with pytest.raises(LeaseLost):
        driven(session, lose)

    assert bodies == []


@both_kinds
def test_a_late_body_of_a_run_that_nobody_took_keeps_it_and_begins(transactional: bool) -> None:
    bodies: list[bool] = []
    session = claimed(bodies, transactional=transactional)

    def grow_late_in_the_table_too(session: Session) -> None:
        grow_late(session)
        Run.objects.update(due_at=None)

    assert driven(session, grow_late_in_the_table_too)

    assert (bodies, Run.objects.get().status) == ([True], "success")


def test_while_signs_of_life_come_the_database_is_not_asked() -> None:
    session = claimed([])

    with CaptureQueriesContext(connection) as asked:
        session.prove()

    assert len(asked) == 0
