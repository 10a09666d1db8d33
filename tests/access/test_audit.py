"""The audit trail: what was changed, in whose name, in the same transaction."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from runs import create_step, create_workflow, operations
from runs.access import Caller, caller_of_token, caller_of_user, create_token
from runs.definition.workflow import Workflow
from runs.exceptions import InvalidInput, RunNotSuspended
from runs.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)


def ask(ctx: Any) -> Any:
    return ctx.suspend({"ok": "?"}, resume_label="boss") if ctx.resume_data is None else "yes"


@pytest.fixture
def asking(registry: None) -> Workflow:
    return (
        create_workflow("asking", input_schema=int | None)
        .then(create_step("first", execute=lambda ctx: 1))
        .then(create_step("ask", execute=ask))
        .commit()
    )


def trail() -> list[tuple[Any, ...]]:
    return list(
        AuditEntry.objects.values_list("action", "subject", "actor_name", "source", "reason")
    )


def test_each_change_is_one_entry(asking: Workflow, alice: User) -> None:
    caller = caller_of_user(alice, "page")

    with caller.acting("as agreed"):
        run = asking.create_run(run_id="r")
        run.start()
        run.resume(True, label="boss")
        run.time_travel("ask")
        run.cancel()
        asking.delete_workflow_run_by_id("r")

    assert trail() == [
        (action, "asking/r", "alice", "page", "as agreed")
        for action in ("create", "start", "resume", "time_travel", "cancel", "delete")
    ]
    assert list(AuditEntry.objects.values_list("run_id", flat=True)) == [None] * 6
    details = [entry.details for entry in AuditEntry.objects.all()]
    assert details == [None, None, {"label": "boss"}, {"step": "ask"}, None, None]


def test_a_call_that_is_refused_leaves_no_entry(asking: Workflow, alice: User) -> None:
    run = asking.create_run(run_id="r")

    with caller_of_user(alice, "api").acting():
        with pytest.raises(InvalidInput):
            run.start("no number")
        with pytest.raises(RunNotSuspended), pytest.MonkeyPatch.context() as patch:
            patch.setattr(operations.calls, "PATIENCE", 0.0)
            run.resume(True)
        asking.create_run(run_id="r")

    assert trail() == []


def test_what_is_rolled_back_was_not_done(asking: Workflow, alice: User) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        caller_of_user(alice, "api").acting(),
        transaction.atomic(),
    ):
        asking.create_run(run_id="r").start_async()
        raise ZeroDivisionError

    assert trail() == []


def test_code_that_acts_in_nobodys_name_leaves_no_trail(asking: Workflow) -> None:
    run = asking.create_run(run_id="r")
    run.start()

    assert trail() == []
    assert run.started_by is None


def test_a_run_tells_who_made_it_go(asking: Workflow, alice: User, bob: User) -> None:
    with caller_of_user(alice, "api").acting():
        run = asking.create_run()
    assert run.started_by == alice

    with caller_of_user(bob, "api").acting():
        run.start()

    run.refresh_from_db()
    assert run.started_by == bob


def test_an_entry_names_the_token(asking: Workflow, alice: User) -> None:
    token, text = create_token(alice, name="ci")
    caller = caller_of_token(text, "api")
    assert caller is not None

    with caller.acting():
        asking.create_run()

    assert AuditEntry.objects.get().details == {"token": f"{token.hint}... (ci)"}


async def test_coroutines_leave_the_same_trail(asking: Workflow, alice: User) -> None:
    with Caller(alice, None, "api").acting():
        run = await asking.acreate_run(run_id="r")
        await run.astart()
        await run.acancel()

    found = [entry.action async for entry in AuditEntry.objects.all()]
    assert found == ["create", "start", "cancel"]
