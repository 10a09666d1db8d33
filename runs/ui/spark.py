"""Spark lines: a day in two dozen bars, what failed at their feet."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

BAR, GAP, HEIGHT = 4, 1, 22


def spark_line(hours: Sequence[int], failures: Sequence[int]) -> SafeString:
    """Bars of runs an hour, oldest first. The numbers stand beside it, so it is not read aloud."""
    most = max(*hours, 1)
    bars = format_html_join(
        "",
        '<path class="{}" d="M{} {}v-{}"/>',
        (
            bar
            for index, both in enumerate(zip(hours, failures, strict=True))
            for bar in _bars(index, *both, most)
        ),
    )
    width = len(hours) * (BAR + GAP)
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true">'
        '<path class="base" d="M0 {}h{}"/>{}</svg>',
        width,
        HEIGHT,
        width,
        HEIGHT,
        HEIGHT - 0.5,
        width,
        bars,
    )


def _bars(index: int, total: int, failed: int, most: int):
    x = index * (BAR + GAP) + BAR / 2
    scale = (HEIGHT - 3) / most
    low = HEIGHT - 1.0
    if failed:
        tall = max(failed * scale, 1.5)
        yield "failed", x, low, f"{tall:.1f}"
        low -= tall
    if total > failed:
        yield "ran", x, f"{low:.1f}", f"{max((total - failed) * scale, 1.5):.1f}"
