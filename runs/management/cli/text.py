"""Values as people read them in a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

ELLIPSIS = "..."
_DURATIONS = ((3_600_000, "h", 60_000, "min"), (60_000, "min", 1000, "s"))


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def compact(value: Any, limit: int | None = None) -> str:
    """JSON on one line, cut off with dots where it gets longer than the limit."""
    text = json.dumps(value, ensure_ascii=False)
    if limit is None or len(text) <= limit:
        return text
    return text[: max(limit - len(ELLIPSIS), 0)] + ELLIPSIS


def duration(milliseconds: float) -> str:
    for size, unit, smaller_size, smaller_unit in _DURATIONS:
        if milliseconds >= size:
            whole, rest = divmod(milliseconds, size)
            return f"{whole:.0f} {unit} {rest // smaller_size:.0f} {smaller_unit}"
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms"


def clock(milliseconds: float | None) -> str:
    """The local time of day of a moment given in milliseconds since the epoch."""
    if milliseconds is None:
        return ""
    moment = datetime.fromtimestamp(milliseconds / 1000).astimezone()
    return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def date_and_time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Pad each cell but a row's last to the width of its column."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)] + [row[-1]]
        for row in rows
    ]


def indented(text: str, by: str = "  ") -> str:
    return "\n".join(by + line for line in text.splitlines())
