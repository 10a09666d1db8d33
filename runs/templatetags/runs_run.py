"""What the templates of a run's page say: {% load runs_run %}."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs import shown
from runs.models.fields import from_ms
from runs.ui.run.address import Address

register = template.Library()


@register.simple_tag
def step_url(address: Address, path: str) -> str:
    """The same page with another step selected."""
    return address.of_step(path)


@register.filter
def moment_of(milliseconds: int | None) -> SafeString:
    """A moment given in milliseconds."""
    return shown.moment_html(from_ms(milliseconds))


@register.filter
def clock(milliseconds: int | None) -> SafeString:
    """The time of day to the millisecond, with the date for who asks."""
    moment = from_ms(milliseconds)
    if moment is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="milliseconds"),
        shown.exact(moment),
        shown.time_of_day(moment),
    )


@register.filter
def time_of(moment: datetime) -> str:
    """The time of day of an aware datetime, to the millisecond."""
    return shown.time_of_day(moment)


@register.filter
def delta(seconds: float | None) -> str:
    """``1.2 s longer``, ``3 ms shorter``; nothing where it cannot be said."""
    if seconds is None:
        return ""
    if abs(seconds) < 0.001:
        return "as long"
    return f"{shown.duration(abs(seconds))} {'longer' if seconds > 0 else 'shorter'}"


@register.simple_tag
def elapsed(since: int | None, until: int | None, now: int) -> SafeString:
    """How long something took; while it has not ended, a script lets it tick."""
    if since is None:
        return SafeString("")
    text = shown.duration(max((until or now) - since, 0) / 1000)
    if until is not None:
        return format_html("<span>{}</span>", text)
    return format_html('<span data-since="{}">{}</span>', since, text)


@register.simple_tag
def countdown(until: int, now: int) -> SafeString:
    """How long it still takes until a timer fires."""
    text = shown.duration(max(until - now, 0) / 1000)
    return format_html('<span data-until="{}">{}</span>', until, text)
