"""Reading a request's body: JSON of a size and a depth that can be dealt with."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest
from rest_framework.request import Request

from runs.api.errors import BodyTooLarge, InvalidRequest
from runs.conf import conf

Json = Any


def read_json(request: Request) -> Json:
    """The body as JSON; None where there is none. Its declared type does not matter."""
    text = _read(request._request)
    if not text.strip():
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _invalid(f"{error}") from None
    if _is_deeper(value, conf.MAX_JSON_DEPTH):
        raise _invalid(f"The JSON is nested more than {conf.MAX_JSON_DEPTH} levels deep")
    return value


def _read(request: HttpRequest) -> bytes:
    if request.content_type == "multipart/form-data":
        raise _invalid("The body is a form; send JSON")
    if request.META.get("CONTENT_LENGTH", "0").isdecimal():
        check_size(int(request.META.get("CONTENT_LENGTH") or 0))
    text = request.read(conf.MAX_BODY_BYTES + 1)
    check_size(len(text))
    return text


def check_size(size: int) -> None:
    if size > conf.MAX_BODY_BYTES:
        raise BodyTooLarge


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest("Invalid request body", {"body": message})


def _is_deeper(value: Json, limit: int) -> bool:
    """Whether containers are nested deeper than that, looked at level by level."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return False
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
    return bool(level)
