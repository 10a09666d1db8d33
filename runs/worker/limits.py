"""The size limit of values that are stored."""

from __future__ import annotations

from typing import Any

import orjson

from runs.conf import conf
from runs.exceptions import PayloadTooLarge

#: Values too small to be weighed.
_SMALL = (int, float, bool, type(None))


def sized(value: Any, where: str) -> Any:
    """The value, unless its JSON is above RUNS_MAX_PAYLOAD_BYTES: then PayloadTooLarge."""
    if isinstance(value, _SMALL):
        return value
    limit = conf.MAX_PAYLOAD_BYTES
    size = len(orjson.dumps(value))
    if size > limit:
        raise PayloadTooLarge(
            f"{where} has {size} bytes of JSON; the limit (RUNS_MAX_PAYLOAD_BYTES) is {limit}"
        )
    return value
