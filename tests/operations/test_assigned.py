from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from runs import create_step, create_workflow, operations
from runs.access import caller_of_user, public_caller
from runs.exceptions import NotAssigned, RunNotActive
from runs.models import Run
from tests.store.gallery import same

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def suspended(assignee: Any) -> Run:
    def body(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend({"ask": 1}, assignee=assignee, resume_label="boss")
        return ctx.resume_data

    ask = create_step(id="ask", execute=body)
    workflow = create_workflow("asking").then(ask).then(same("s")).commit()
    run = workflow.create_run(run_id="r", execution="inline")
    run.start({})
    return run


def test_whoever_is_assigned_may_answer(alice: User, team: Group) -> None:
    run = suspended(team)

    with caller_of_user(alice, "page").acting():
        result = run.resume({"yes": True})

    assert result.status == "success"


@pytest.mark.parametrize(
    "options", [{}, {"step": "ask"}, {"label": "boss"}], ids=["alone", "by step", "by label"]
)
def test_somebody_else_is_refused_and_nothing_changes(
    charlie: User, team: Group, options: dict[str, Any]
) -> None:
    run = suspended(["group:team", "bob"])

    with caller_of_user(charlie, "api").acting(), pytest.raises(NotAssigned) as refused:
        run.resume({"yes": True}, **options)

    assert str(refused.value) == 'Step "ask" waits for an answer of group team or bob'
    assert refused.value.status == 403
    assert operations.find_run("asking", "r").status == "suspended"


def test_time_travel_answers_for_nobody_either(charlie: User) -> None:
    run = suspended("bob")

    with caller_of_user(charlie, "page").acting(), pytest.raises(NotAssigned):
        run.time_travel("ask", resume_data={"yes": True})

    assert operations.find_run("asking", "r").attempt == 1


def test_code_of_ones_own_and_a_public_api_are_trusted() -> None:
    first = suspended("bob")
    with public_caller("api").acting():
        assert first.resume({"yes": True}).status == "success"
    second = first.__class__.objects.get(pk=first.pk)

    again = second.time_travel("ask")
    assert again.status == "suspended"
    assert second.resume({"yes": True}).status == "success"


def test_restart_and_travel_need_not_be_waited_for(
    django_capture_on_commit_callbacks: Any,
) -> None:
    run = suspended("bob")

    with django_capture_on_commit_callbacks(execute=True):
        operations.time_travel_async(run, "ask")

    found = operations.find_run("asking", "r")
    assert (found.attempt, found.status) == (2, "suspended")
    with pytest.raises(RunNotActive):
        operations.restart_async(found)
