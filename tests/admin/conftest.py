from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from runs import create_step, create_workflow
from runs.definition.workflow import Workflow

Workflows = dict[str, Workflow]


@pytest.fixture(autouse=True)
def workflows(registry: None) -> Iterator[Workflows]:
    """Two workflows of this test's own: one that ends, one that asks."""
    double = create_step("double", execute=lambda ctx: ctx.input_data["n"] * 2)
    ask = create_step("ask", execute=lambda ctx: ctx.resume_data or ctx.suspend({"q": "?"}))
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    yield {
        "doubling": create_workflow("doubling", input_schema=schema).then(double).commit(),
        "asking": create_workflow("asking").then(ask).commit(),
    }


@pytest.fixture
def operator(db: None) -> User:
    """Staff who may see runs, and nothing else yet."""
    user = User.objects.create_user("olga", password="x", is_staff=True)
    allow(user, "view_run")
    return user


@pytest.fixture
def page(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def allow(user: User, *codenames: str) -> None:
    found = Permission.objects.filter(content_type__app_label="runs", codename__in=codenames)
    user.user_permissions.add(*found)
