"""Making, finding and revoking bearer tokens. Only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from runs.models import ApiToken

#: Every token begins so: people and secret scanners recognize it.
PREFIX = "runs_"
HINT_LENGTH = len(PREFIX) + 6
#: How exactly it is known when a token was used last: a request is not to cost a write.
USED_TO = timedelta(minutes=10)


def create_token(
    user: Any,
    *,
    name: str = "",
    expires_in: timedelta | None = None,
    resource_ids: Iterable[str] | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for a user. Its text, the second value, is not to be had again."""
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        user=user,
        name=name,
        digest=digest_of(text),
        hint=text[:HINT_LENGTH],
        resource_ids=None if resource_ids is None else sorted(set(resource_ids)),
        expires_at=None if expires_in is None else timezone.now() + expires_in,
    )
    token.full_clean(validate_unique=False)
    token.save()
    return token, text


def find_token(text: str) -> ApiToken | None:
    """The token of that text if it may be used; one indexed look-up."""
    now = timezone.now()
    tokens = ApiToken.objects.usable(now).select_related("user")
    token = tokens.filter(digest=digest_of(text)).first()
    if token is not None:
        stale = Q(used_at__isnull=True) | Q(used_at__lt=now - USED_TO)
        if token.used_at is None or token.used_at < now - USED_TO:
            ApiToken.objects.filter(stale, pk=token.pk).update(used_at=now)
    return token


def revoke_token(token: ApiToken) -> None:
    """End a token's use; its row stays, so that the trail can be read."""
    ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
    token.refresh_from_db()


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
