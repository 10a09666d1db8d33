"""Who is calling: the bearer of a token, a session of the site, or, where it is public, anybody."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from runs.access import Caller, caller_of_token, caller_of_user, public_caller
from runs.conf import conf
from runs.exceptions import PermissionDenied

SOURCE = "api"


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer TOKEN``; ``request.auth`` is the caller."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        scheme, _, text = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        caller = caller_of_token(text.strip().decode("latin1"), SOURCE)
        if caller is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked")
        return caller.user, caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def caller_of(request: Request) -> Caller:
    """The caller of a request; NotAuthenticated if nobody is known."""
    if isinstance(request.auth, Caller):
        return request.auth
    if request.user is not None and request.user.is_authenticated:
        return caller_of_user(request.user, SOURCE)
    if conf.API_PUBLIC:
        check_origin(request)
        return public_caller(SOURCE)
    raise NotAuthenticated("Authentication is needed: send `Authorization: Bearer TOKEN`")


def check_origin(request: Request) -> None:
    """A public API answers this machine; pages of other sites must not use its browsers for that.

    Browsers say where a page comes from; programs do not, and are not asked.
    """
    origin = request.headers.get("origin", "")
    if not origin or request.method in ("GET", "HEAD", "OPTIONS"):
        return
    known = origin in settings.CORS_ALLOWED_ORIGINS or any(
        re.match(pattern, origin) for pattern in settings.CORS_ALLOWED_ORIGIN_REGEXES
    )
    if not known and urlsplit(origin).netloc != request.get_host():
        raise PermissionDenied(f"Pages of {origin} may not call this API (RUNS_CORS_ORIGINS)")


class CallerThrottle(SimpleRateThrottle):
    """At most RUNS_API_RATE requests for each token, session or, without either, address."""

    scope = "api"

    def get_rate(self) -> str | None:
        return conf.API_RATE or None

    def get_cache_key(self, request: Request, view: Any) -> str:
        caller = getattr(view, "caller", None)
        if caller is not None and caller.token is not None:
            return f"runs-throttle-token-{caller.token.pk}"
        if caller is not None and caller.user is not None:
            return f"runs-throttle-user-{caller.user.pk}"
        return f"runs-throttle-address-{self.get_ident(request)}"
