"""Making a caller of whoever is at the door."""

from __future__ import annotations

from typing import Any

from runs.access.caller import Caller
from runs.access.tokens import find_token
from runs.models import ResourceRestriction


def caller_of_user(user: Any, source: str) -> Caller:
    """The caller that a user is; a restriction of that user is looked up once, here."""
    return Caller(user, _resources_of(user), source)


def caller_of_token(text: str, source: str) -> Caller | None:
    """The caller that the bearer of a token is; None if the token is not, or no longer, good."""
    token = find_token(text)
    if token is None:
        return None
    allowed = _resources_of(token.user)
    if token.resource_ids is not None:
        named = frozenset(token.resource_ids)
        allowed = named if allowed is None else allowed & named
    return Caller(token.user, allowed, source, token)


def public_caller(source: str) -> Caller:
    """The caller that anybody is where RUNS_API_PUBLIC opens the API."""
    return Caller(None, None, source)


def _resources_of(user: Any) -> frozenset[str] | None:
    """A superuser is never restricted: he could lift the restriction himself."""
    if user.is_superuser:
        return None
    found = ResourceRestriction.objects.filter(user_id=user.pk).first()
    return None if found is None else frozenset(found.resource_ids)
