"""The size limit of values that are stored."""

from __future__ import annotations

from typing import Any

import orjson

from runs.conf import conf
from runs.definition.serialize import plain_text, to_json
from runs.exceptions import PayloadTooLarge

#: Values too small to be weighed.
_SMALL = (int, float, bool, type(None))


def checked(value: Any, where: str) -> Any:
    """The value as plain JSON data, within RUNS_MAX_PAYLOAD_BYTES: else it is refused."""
    if type(value) in (dict, list) and (text := plain_text(value)) is not None:
        _weigh(text, where)
        return value
    return sized(to_json(value, where=where), where)


def sized(value: Any, where: str) -> Any:
    """The value, unless its JSON is above RUNS_MAX_PAYLOAD_BYTES: then PayloadTooLarge."""
    if isinstance(value, _SMALL):
        return value
    _weigh(orjson.dumps(value), where)
    return value


def _weigh(text: bytes, where: str) -> None:
    size, limit = len(text), conf.MAX_PAYLOAD_BYTES
    if size > limit:
        raise PayloadTooLarge(
            f"{where} has {size} bytes of JSON; the limit (RUNS_MAX_PAYLOAD_BYTES) is {limit}"
        )
