"""Records without what differs from run to run: times, ids, and the wording of messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .expressions import is_number

_TIMES = frozenset(
    {
        "startedAt",
        "endedAt",
        "suspendedAt",
        "resumedAt",
        "timestamp",
        "createdAt",
        "updatedAt",
    }
)
_DROPPED = frozenset(
    {"stack", "traceId", "spanId", "tracingContext", "serializedStepGraph", "stepCallId"}
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ERROR_ID = re.compile(r"[A-Z_]+")
_VALIDATION = re.compile(r"validation failed|^Invalid ")
_ISSUE = re.compile(r"^- ([^:]*): .*\Z", re.DOTALL)
#: Lists of ids in messages, whose order is the storage's business.
_ID_LISTS = (
    (re.compile(r"^(Multiple suspended steps found: ).*(\. Please)"), r"\1<ids>\2"),
    (re.compile(r"(Available suspended steps: \[)[^\]]*"), r"\1<ids>"),
    (re.compile(r"(Steps recorded in the snapshot: ).*?(\. The stored)"), r"\1<ids>\2"),
)
#: What Python says when code meets a value of the wrong kind.
_LANGUAGE_ERROR = re.compile(
    r"object is not (iterable|callable|subscriptable|reversible|a mapping)\Z"
    r"|^object of type '\w+' has no len\(\)\Z"
)


def normaliser(run_ids: Mapping[str, str]) -> Callable[[Any], Any]:
    """Return the function that normalises values of a case whose runs have these ids.

    ``run_ids`` (alias -> id) may grow afterwards.
    """
    return lambda value: _Normaliser(run_ids).value(value)


def normal_message(message: str) -> str:
    """Replace wordings that an implementation is free to choose; ids must be gone already."""
    if _LANGUAGE_ERROR.search(message):
        return "<language error>"
    for pattern, replacement in _ID_LISTS:
        message = pattern.sub(replacement, message, count=1)
    if "\n" not in message or not _VALIDATION.search(message):
        return message
    head, *issues = message.split("\n")
    return "\n".join([head.rstrip(), *sorted(_ISSUE.sub(r"- \1: <issue>", x) for x in issues)])


class _Normaliser:
    def __init__(self, run_ids: Mapping[str, str]) -> None:
        self.run_ids = run_ids

    def value(self, value: Any, key: str = "") -> Any:
        is_time = key in _TIMES and (isinstance(value, str) or is_number(value))
        if is_time or isinstance(value, datetime):
            return "<ts>"
        match value:
            case str():
                return normal_message(self.text(value))
            case list() | tuple():
                return [self.value(element) for element in value]
            case BaseException():
                return self.error(_message_of(value), getattr(value, "code", None))
            case Mapping():
                return self.mapping(value)
            case _:
                return value

    def mapping(self, value: Mapping[str, Any]) -> dict[str, Any]:
        if _is_stored_error(value):
            return self.error(value["message"], value.get("id") or value.get("code"))
        normal: dict[str, Any] = {}
        for key, inner in value.items():
            if key == "usage":
                normal[key] = "<usage>"
            elif key not in _DROPPED and (kept := self.value(inner, key)) is not None:
                normal[self.text(key)] = kept
        return normal

    def text(self, text: str) -> str:
        for alias, run_id in self.run_ids.items():
            text = text.replace(run_id, "<runId>" if alias == "main" else f"<runId:{alias}>")
        return _UUID.sub("<uuid>", text)

    def error(self, message: str, code: Any) -> dict[str, Any]:
        normal = {"error": normal_message(self.text(message))}
        if isinstance(code, str) and _ERROR_ID.fullmatch(code):
            normal["id"] = code
        return normal


def _message_of(error: BaseException) -> str:
    return str(getattr(error, "message", None) or error)


def _is_stored_error(value: Mapping[str, Any]) -> bool:
    if not isinstance(value.get("message"), str):
        return False
    named = isinstance(value.get("stack"), str) or isinstance(value.get("name"), str)
    return named or bool(value.get("domain") and value.get("code"))
