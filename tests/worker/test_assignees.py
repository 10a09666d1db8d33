from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User

from runs import create_step, create_workflow
from runs.models import Run
from runs.worker.assignees import is_among, names, shown
from tests.store.gallery import same

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def suspended(**options: Any) -> Run:
    def body(ctx: Any) -> Any:
        return ctx.suspend({"ask": 1}, **options) if ctx.resume_data is None else ctx.resume_data

    workflow = (
        create_workflow("asking").then(create_step(id="ask", execute=body)).then(same("s")).commit()
    )
    run = workflow.create_run(run_id="r", execution="inline")
    run.start({})
    return run


def test_people_groups_and_permissions_are_stored_by_name(alice: User, team: Group) -> None:
    permission = Permission.objects.get(codename="view_run")

    found = names([alice, "bob", team, permission, "group:finance", "user:bob"])

    assert found == (
        "user:alice",
        "user:bob",
        "group:team",
        "permission:runs.view_run",
        "group:finance",
    )
    assert shown(found[:3]) == "alice or bob or group team"


def test_the_record_of_a_suspended_step_says_who_may_answer() -> None:
    run = suspended(assignee="group:finance")

    assert run.steps.get(path="ask").extra["assignees"] == ["group:finance"]
    record = run.attempts.get().outcome().steps["ask"]
    assert record["assignee"] == ["group:finance"]


def test_nobody_named_leaves_the_record_as_it_was() -> None:
    run = suspended()

    assert "assignee" not in run.attempts.get().outcome().steps["ask"]


def test_after_the_answer_nobody_is_waited_for() -> None:
    run = suspended(assignee="bob")

    run.resume({"yes": True})

    assert "assignees" not in (run.steps.get(path="ask").extra or {})


def test_naming_nobody_fails_the_step() -> None:
    run = suspended(assignee=[7])

    error = run.steps.get(path="ask").error
    assert error["name"] == "TypeError"
    assert "assignee is a user, group or permission" in error["message"]


def test_whoever_is_named_may_answer(alice: User, bob: User, charlie: User, team: Group) -> None:
    root = User.objects.create_superuser("root")
    everybody = [alice, bob, charlie, root]

    def may(*assigned: str) -> list[str]:
        return [user.username for user in everybody if is_among(user, assigned)]

    assert may() == ["alice", "bob", "charlie", "root"]
    assert may("user:alice") == ["alice", "root"]
    assert may("group:team") == ["alice", "bob", "root"]
    assert may("permission:runs.view_run") == ["root"]
    assert may("group:team", "user:charlie") == ["alice", "bob", "charlie", "root"]
    assert is_among(None, ["user:alice"]) is False


def test_each_failed_try_is_remembered() -> None:
    def body(ctx: Any) -> Any:
        raise ValueError(f"try {ctx.retry_count + 1}")

    workflow = create_workflow("flaky").then(create_step(id="a", execute=body, retries=2)).commit()
    run = workflow.create_run(execution="inline")
    run.start({})

    tried = run.steps.get(path="a").extra["tried"]

    assert [one["error"]["message"] for one in tried] == ["try 1", "try 2", "try 3"]
    assert ["wakeAt" in one for one in tried] == [True, True, False]
