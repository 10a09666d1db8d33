"""Records as results show them, of steps that began and ended at the time of tests."""

from __future__ import annotations

from typing import Any

from .journals import NOW, error

Json = Any
Record = dict[str, Json]


def success(payload: Json = None, output: Json = None, **more: Json) -> Record:
    return _record("success", payload, output=output, endedAt=NOW, **more)


def failure(payload: Json = None, message: str = "no", **more: Json) -> Record:
    return _record("failed", payload, **({"error": error(message), "endedAt": NOW} | more))


def suspension(payload: Json = None, ask: Json = None, **more: Json) -> Record:
    return _record("suspended", payload, suspendPayload=ask, suspendedAt=NOW, **more)


def _record(status: str, payload: Json, **fields: Json) -> Record:
    shown = {"status": status, "payload": payload, "startedAt": NOW} | fields
    return {name: value for name, value in shown.items() if value is not None}
