"""Who is at the door of a websocket, and whether the page it comes from may be there.

Everything is looked up anew at each call, so that a session that ended, a token that was revoked
and a permission that was taken away count from the next look on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.crypto import constant_time_compare
from django.utils.http import is_same_domain

from runs.access import Caller, caller_of_token, caller_of_user, public_caller
from runs.conf import conf

Scope = Mapping[str, Any]
SOURCE = "websocket"
#: The subprotocol by which a browser says that the next one it offers is its token.
BEARER = "bearer"
#: Credentials whose last look is remembered.
REMEMBERED = 10_000


def header(scope: Scope, name: str) -> str:
    values = [value for key, value in scope["headers"] if key.lower() == name.encode()]
    return values[-1].decode("latin1") if values else ""


# --- credentials ------------------------------------------------------------------------------


def caller_of(scope: Scope) -> Caller | None:
    """The caller by bearer token, else by session, else anybody where that is allowed."""
    if token := _token(scope):
        return caller_of_token(token, SOURCE)
    user = _user_of_session(_session_key(scope))
    if user is not None:
        return caller_of_user(user, SOURCE)
    return public_caller(SOURCE) if conf.API_PUBLIC else None


def _token(scope: Scope) -> str:
    scheme, _, text = header(scope, "authorization").partition(" ")
    if scheme.lower() == BEARER:
        return text.strip() or "none"
    offered = list(scope.get("subprotocols", ()))
    return offered[1] if len(offered) > 1 and offered[0] == BEARER else ""


def _session_key(scope: Scope) -> str:
    # Not http.cookies: that gives up at the first cookie of somebody else that it cannot read.
    return parse_cookie(header(scope, "cookie")).get(settings.SESSION_COOKIE_NAME, "")


def _user_of_session(key: str) -> Any:
    """The user of a session, by the rules of ``django.contrib.auth``; it is left as it is."""
    if not key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    path = session.get(BACKEND_SESSION_KEY, "")
    if path not in settings.AUTHENTICATION_BACKENDS or SESSION_KEY not in session:
        return None
    pk = get_user_model()._meta.pk.to_python(session[SESSION_KEY])
    user = load_backend(path).get_user(pk)
    if user is None:
        return None
    good = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    given = session.get(HASH_SESSION_KEY, "")
    return user if any(constant_time_compare(given, one) for one in good) else None


class Looks:
    """Callers by their credentials, remembered for a moment.

    A thousand sockets of one user that look at their rights again cost one look.
    """

    def __init__(self) -> None:
        self._found: dict[str, tuple[float, Caller | None]] = {}

    def caller_of(self, scope: Scope, seconds: float) -> Caller | None:
        """The caller as it was at most that long ago."""
        key = f"{_token(scope)} {_session_key(scope)}"
        at, caller = self._found.get(key, (0.0, None))
        now = time.monotonic()
        if now - at > seconds:
            caller = caller_of(scope)
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            self._found[key] = now, caller
        return caller


looks = Looks()


# --- origins ----------------------------------------------------------------------------------


def is_welcome(scope: Scope) -> bool:
    """Whether the page that opens the socket may: a browser would send our cookie from any page.

    Programs name no origin, and have no cookie that somebody else could make them send.
    """
    host = _host(scope)
    if host and not validate_host(split_domain_port(host)[0], _allowed_hosts()):
        return False
    origin = header(scope, "origin")
    if not origin:
        return True
    try:
        return urlsplit(origin).netloc.lower() == host or _is_trusted(origin)
    except ValueError:  # this is no address
        return False


def _host(scope: Scope) -> str:
    forwarded = header(scope, "x-forwarded-host") if settings.USE_X_FORWARDED_HOST else ""
    return (forwarded or header(scope, "host")).lower()


def _allowed_hosts() -> list[str]:
    if settings.DEBUG and not settings.ALLOWED_HOSTS:
        return [".localhost", "127.0.0.1", "[::1]"]
    return list(settings.ALLOWED_HOSTS)


def _is_trusted(origin: str) -> bool:
    given = urlsplit(origin)
    for trusted in map(urlsplit, settings.CSRF_TRUSTED_ORIGINS):
        pattern = trusted.netloc.removeprefix("*")
        if given.scheme == trusted.scheme and is_same_domain(given.netloc, pattern):
            return True
    patterns = getattr(settings, "CORS_ALLOWED_ORIGIN_REGEXES", ())
    return origin in getattr(settings, "CORS_ALLOWED_ORIGINS", ()) or any(
        re.match(pattern, origin) for pattern in patterns
    )
