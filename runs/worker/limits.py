"""The size limit of values that are stored."""

from __future__ import annotations

from typing import Any

from runs.conf import conf
from runs.exceptions import PayloadTooLarge
from runs.models.fields import dumps


def sized(value: Any, where: str) -> Any:
    """The value, unless its JSON is above RUNS_MAX_PAYLOAD_BYTES: then PayloadTooLarge."""
    limit = conf.MAX_PAYLOAD_BYTES
    if isinstance(value, int | float | bool | None):
        return value
    size = len((dumps(value) or "").encode())
    if size > limit:
        raise PayloadTooLarge(
            f"{where} has {size} bytes of JSON; the limit (RUNS_MAX_PAYLOAD_BYTES) is {limit}"
        )
    return value
