"""A client of the API as each of three people, and as nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from runs.access import create_token
from runs.operations import calls

Json = Any


@dataclass
class Answer:
    status: int
    body: Json
    headers: dict[str, str]

    @property
    def pair(self) -> tuple[int, Json]:
        return self.status, self.body


class Api:
    """Calls routes below ``/api/`` with a token; answers are status and JSON, or events."""

    def __init__(self, token: str | None) -> None:
        self._client = Client(raise_request_exception=False)
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: Json = None, **headers: str) -> Answer:
        given = {} if body is None else {"data": body, "content_type": "application/json"}
        response = self._client.generic(
            method.upper(),
            f"/api/{path}",
            headers=self._headers | headers,
            **(given if isinstance(body, str | bytes) else _encoded(given)),
        )
        return Answer(response.status_code, _read(response), dict(response.headers))

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("get", path, **headers)

    def post(self, path: str, body: Json = None, **headers: str) -> Answer:
        return self.call("post", path, body, **headers)

    def delete(self, path: str) -> Answer:
        return self.call("delete", path)


def _encoded(given: dict[str, Any]) -> dict[str, Any]:
    import orjson

    return {**given, "data": orjson.dumps(given["data"])} if given else {}


def _read(response: Any) -> Json:
    import orjson

    kind = response.headers.get("Content-Type", "")
    text = response.getvalue()
    if kind == "application/json":
        return orjson.loads(text)
    if kind == "text/plain" and response.status_code == 200:
        assert not text or text.endswith(b"\x1e")
        return [orjson.loads(piece) for piece in text.split(b"\x1e") if piece]
    return text.decode()


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", "root@example.org", "root-password")


@pytest.fixture
def api(root: User) -> Api:
    """May do everything."""
    return Api(create_token(root)[1])


@pytest.fixture
def api_of() -> Callable[..., Api]:
    """A client with a new token of a user, who gets these permissions."""

    def make(user: User, *permissions: str, **options: Any) -> Api:
        wanted = Permission.objects.filter(content_type__app_label="runs")
        user.user_permissions.add(*wanted.filter(codename__in=permissions))
        return Api(create_token(user, **options)[1])

    return make


@pytest.fixture
def nobody(db: None) -> Api:
    return Api(None)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resume waits for a run that may be about to suspend; here none is."""
    monkeypatch.setattr(calls, "PATIENCE", 0.02)
