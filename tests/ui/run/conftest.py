from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from runs import Workflow, create_workflow
from runs.models import Run
from tests.store.gallery import add, ask, step

Grant = Callable[..., Client]


@pytest.fixture
def root(db: None) -> Client:
    """A browser of somebody who may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def grant() -> Grant:
    """A browser of a user with some permissions of runs."""

    def logged_in(user: User, *actions: str) -> Client:
        found = Permission.objects.filter(codename__in=actions, content_type__app_label="runs")
        user.user_permissions.add(*found)
        client = Client()
        client.force_login(user)
        return client

    return logged_in


def asking(**suspended: Any) -> Workflow:
    schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}

    def body(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend({"question": "May we?"}, **suspended)
        return {"n": 5, **ctx.resume_data}

    question = step("ask", body, resume_schema=schema)
    return create_workflow("asking").then(add(1)).then(question).then(add(2)).commit()


def started(workflow: Workflow, data: Any, run_id: str = "r", **options: Any) -> Run:
    run = workflow.create_run(run_id=run_id, execution="inline", **options)
    run.start(data)
    return Run.objects.get(pk=run.pk)


def failing(error: str = "no funds") -> Workflow:
    """Fails while its input says so."""

    def charge(ctx: Any) -> Any:
        if ctx.input_data["fails"]:
            raise ValueError(error)
        return {"n": 1}

    schema = {
        "type": "object",
        "properties": {"fails": {"type": "boolean"}, "amount": {"type": "integer"}},
    }
    body = step("charge", charge, input_schema=schema, retries=1)
    return create_workflow("paying").then(body).then(add(1, "send")).commit()


__all__ = ["ask", "asking", "failing", "started"]
