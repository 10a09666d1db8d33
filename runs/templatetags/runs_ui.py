"""What the templates of the pages say: {% load runs_ui %}."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs import shown
from runs.access import Caller
from runs.ui.pages import run_url
from runs.ui.spark import spark_line

register = template.Library()

register.filter("run_url", run_url)
register.filter("duration", shown.duration)
register.filter("moment", shown.moment_html)
register.filter("ago", shown.ago)
register.filter("exact", shown.exact)
register.filter("json", shown.json_html)
register.filter("json_text", shown.highlighted)
register.filter("percent", shown.percent)
register.filter("isoformat", shown.isoformat)
register.filter("compact", shown.compact)
register.filter("size", shown.size)
register.filter("count", shown.count)


register.simple_tag(spark_line)


@register.simple_tag
def counted(number: int, limit: int) -> str:
    """A number that was counted up to a limit."""
    return shown.count(number, limit)


@register.filter
def may(caller: Caller | None, action: str) -> bool:
    """``{% if caller|may:"cancel_run" %}``"""
    return caller is not None and caller.may(action)


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of the symbols in static/runs/icons.svg. It says nothing that the text does not."""
    turning = " turning" if name == "running" else ""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        turning,
        static("runs/icons.svg"),
        name,
    )


@register.simple_tag
def status(value: str, size: str = "") -> SafeString:
    """A status as icon, word and color. ``size`` is "large" or nothing."""
    return format_html(
        '<span class="status{}" data-status="{}">{}<span>{}</span></span>',
        f" {size}" if size else "",
        value,
        icon(value),
        value,
    )


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """This page's query string with some of its parameters changed; an empty value removes one."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"
