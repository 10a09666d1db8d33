"""Fixtures for all tests: three people, and a registry of workflows to oneself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User

from runs.definition.registry import isolated_registry

pytest_plugins = ["tests.spreading"]


@pytest.fixture
def team(db: None) -> Group:
    """The team that Alice and Bob are in."""
    return Group.objects.create(name="team")


@pytest.fixture
def alice(team: Group) -> User:
    """Alice owns what a test makes."""
    user = User.objects.create_user("alice", "alice@example.org", "alice-password")
    user.groups.add(team)
    return user


@pytest.fixture
def bob(team: Group) -> User:
    """Bob is on Alice's team."""
    user = User.objects.create_user("bob", "bob@example.org", "bob-password")
    user.groups.add(team)
    return user


@pytest.fixture
def charlie(db: None) -> User:
    """Charlie is a stranger: nothing of Alice's is his to see."""
    return User.objects.create_user("charlie", "charlie@example.org", "charlie-password")


@pytest.fixture
def registry() -> Iterator[None]:
    """An empty registry of workflows for this test; what it registers is gone afterwards."""
    with isolated_registry():
        yield
