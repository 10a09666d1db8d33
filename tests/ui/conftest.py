"""Whoever looks at the pages in these tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

ALL = (
    "view_run",
    "start_run",
    "resume_run",
    "cancel_run",
    "restart_run",
    "time_travel_run",
    "delete_run",
    "view_payload",
    "manage_schedule",
)


def allow(user: User, *actions: str) -> User:
    """The user, with these permissions and no others."""
    names = Permission.objects.filter(content_type__app_label="runs", codename__in=actions)
    user.user_permissions.set(names)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def operator(client: Client, alice: User) -> User:
    """Alice may do everything, and is logged in."""
    user = allow(alice, *ALL)
    client.force_login(user)
    return user


@pytest.fixture
def viewer(client: Client, bob: User) -> User:
    """Bob may look, and is logged in."""
    user = allow(bob, "view_run")
    client.force_login(user)
    return user


@pytest.fixture
def inline(settings: object) -> None:
    """Runs execute where they are started: no worker is needed."""
    settings.RUNS_EXECUTION = "inline"  # type: ignore[attr-defined]


Go = Callable[[str], str]


@pytest.fixture
def body(client: Client) -> Go:
    """The text of a page that is there."""

    def get(url: str) -> str:
        response = client.get(url)
        assert response.status_code == 200, (url, response.status_code)
        return response.content.decode()

    return get
