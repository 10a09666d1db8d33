"""How values are written for people: times, durations, numbers and JSON."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

#: Where there is no value.
NOTHING = "\u2013"

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_PAIRS = tuple(zip(_UNITS, (*_UNITS[1:], (1, "s")), strict=True))

#: A text, with what follows it when it is a key; a number; a word.
_JSON_TOKEN = re.compile(
    r'("(?:\\.|[^"\\])*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b'
)


def duration(seconds: float | None) -> str:
    """``0.12 s``, ``3.4 s``, ``12 s``, ``2 min 5 s``, ``3 h``, ``2 d 4 h``; a dash for None."""
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    big, small = next(pair for pair in _PAIRS if seconds >= pair[0][0])
    rest = int(seconds % big[0] // small[0])
    tail = f" {rest} {small[1]}" if rest else ""
    return f"{int(seconds // big[0])} {big[1]}{tail}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """``just now``, ``12 min ago``, ``in 3 h``: one unit is enough to place a moment."""
    if moment is None:
        return "never"
    seconds = ((now or timezone.now()) - moment).total_seconds()
    if abs(seconds) < 5:
        return "just now"
    text = _coarse(abs(seconds))
    return f"{text} ago" if seconds > 0 else f"in {text}"


def _coarse(seconds: float) -> str:
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def exact(moment: datetime) -> str:
    """The moment in the time zone of the pages, to the second."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")


def time_of_day(moment: datetime) -> str:
    """The time of day in the time zone of the pages, to the millisecond."""
    return timezone.localtime(moment).isoformat(timespec="milliseconds")[11:23]


def moment_html(moment: datetime | None) -> SafeString:
    """A moment relative to now, with the exact one on hover and for machines."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', NOTHING)
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        moment.isoformat(timespec="milliseconds"),
        exact(moment),
        ago(moment),
    )


def isoformat(moment: datetime) -> str:
    """For scripts: UTC offset and milliseconds included."""
    return moment.isoformat(timespec="milliseconds")


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def count(number: int | None, limit: int | None = None) -> str:
    """``1 204``, or ``1 000+`` for what was counted up to a limit only."""
    if number is None:
        return NOTHING
    shown = f"{min(number, limit or number):,}".replace(",", "\u202f")
    return f"{shown}+" if limit is not None and number > limit else shown


def size(number: int) -> str:
    """``512 B``, ``2.1 kB``, ``4.0 MB``."""
    if number < 1000:
        return f"{number} B"
    return f"{number / 1000:.1f} kB" if number < 1_000_000 else f"{number / 1_000_000:.1f} MB"


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def compact(value: Any, room: int = 80) -> str:
    """JSON on one line, cut at ``room`` characters."""
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return text if len(text) <= room else text[: room - 1] + "…"


def json_html(value: Any) -> SafeString:
    """JSON over several lines with its tokens marked; whatever is in it is escaped."""
    return highlighted(pretty(value))


def highlighted(text: str) -> SafeString:
    parts, end = [], 0
    for token in _JSON_TOKEN.finditer(text):
        parts.append(escape(text[end : token.start()]))
        parts.append(_token(token))
        end = token.end()
    parts.append(escape(text[end:]))
    # Every part was escaped above, or made by format_html.
    return mark_safe("".join(parts))


def _token(token: re.Match[str]) -> SafeString:
    quoted, colon, number, word = token.groups()
    if quoted is not None:
        kind = "key" if colon else "text"
        return format_html('<span class="{}">{}</span>{}', kind, quoted, colon or "")
    kind = "number" if number is not None else "word"
    return format_html('<span class="{}">{}</span>', kind, number or word)
