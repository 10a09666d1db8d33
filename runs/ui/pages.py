"""What all pages share: who looks, the frame around them, and errors that people can read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from runs import shown
from runs.access import Caller, caller_of_user
from runs.exceptions import NotFound, RequestError, RunsError
from runs.models import Run
from runs.operations.inbox import waiting_count
from runs.operations.installation import silence
from runs.ui.policy import secured

View = Callable[..., HttpResponseBase]

#: Name in the menu, name of its URL, and the key that follows `g`.
MENU = (
    ("Workflows", "workflows", "w"),
    ("Runs", "runs", "r"),
    ("Inbox", "inbox", "i"),
    ("Schedules", "schedules", "s"),
    ("Health", "health", "h"),
)
#: Each choice of colors and the one that the switch goes on to; "" is the system's.
THEMES = {"": "dark", "dark": "light", "light": ""}
THEME_ICONS = {"": "system", "dark": "moon", "light": "sun"}
#: The number beside the inbox ends here.
WAITING_LIMIT = 99
THEME_COOKIE = "runs_theme"
YEAR_SECONDS = 31_536_000


def page(view: View) -> View:
    """A page for people who are logged in and may see runs; our errors become pages too."""

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not caller_of(request).may("view_run"):
            raise PermissionDenied
        try:
            _refuse_nul(request)
            response = view(request, *args, **kwargs)
        except RunsError as error:
            response = error_page(request, error)
        return secured(response)

    return guarded


def _refuse_nul(request: HttpRequest) -> None:
    """PostgreSQL holds no such character, and breaks a query that looks for one."""
    if "\0" in request.path:
        raise NotFound
    for _, values in (*request.GET.lists(), *request.POST.lists()):
        if any("\0" in str(value) for value in values):
            raise RequestError("A value may not hold the character NUL")


def whole(text: str) -> int | None:
    """The number that was sent; None if it is none, or none that a column holds."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def caller_of(request: HttpRequest) -> Caller:
    """Who looks at the page, looked up once a request."""
    known = getattr(request, "_runs_caller", None)
    if known is None:
        known = caller_of_user(request.user, "page")
        request._runs_caller = known  # type: ignore[attr-defined]
    return known


def run_url(run: Run) -> str:
    return reverse("runs:run", args=[run.workflow_id, run.run_id])


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, **options: Any
) -> HttpResponse:
    """A template in the frame of the pages."""
    response = render_template(request, template, {**frame(request), **(context or {})}, **options)
    patch_vary_headers(response, ("Cookie",))
    return response


def frame(request: HttpRequest) -> dict[str, Any]:
    """What templates/runs/ui/base.html needs."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    theme = theme if theme in THEMES else ""
    return {
        "menu": [_menu_item(request, *item) for item in MENU if url_or_none(f"runs:{item[1]}")],
        "theme": theme,
        "next_theme": THEMES[theme],
        "theme_icon": THEME_ICONS[theme],
        **_about_now(request),
        "server_ms": int(time.time() * 1000),
        "admin_url": url_or_none("admin:index") if is_staff(request) else None,
        "docs_url": url_or_none("api-docs"),
        "logout_url": url_or_none("runs:logout"),
    }


def _about_now(request: HttpRequest) -> dict[str, Any]:
    """What every page says about the moment: what waits for answers, and whether anybody works."""
    if not request.user.is_authenticated:
        return {"caller": None}
    caller = caller_of(request)
    if not caller.may("view_run"):
        return {"caller": caller}
    return {"caller": caller, "waiting_count": waiting_for(caller), "banners": list(_banners())}


def waiting_for(caller: Caller) -> str:
    """What stands beside the inbox: how many questions there are that the caller may answer."""
    if not caller.may("resume_run"):
        return "0"
    runs = caller.visible(Run.objects.all())
    return shown.count(waiting_count(caller.user, runs, WAITING_LIMIT), WAITING_LIMIT)


def _banners() -> Iterator[dict[str, Any]]:
    found = silence(timezone.now())
    if found is None:
        return
    since = f"for {shown.ago(found.since).removesuffix(' ago')}" if found.since else "yet"
    text = f"No worker has been seen {since}."
    if found.queued:
        text = f"{found.queued} run{'' if found.queued == 1 else 's'} queued. {text}"
    yield {"text": text, "command": "python manage.py serve", "is_bad": bool(found.queued)}


def is_staff(request: HttpRequest) -> bool:
    return bool(getattr(getattr(request, "user", None), "is_staff", False))


def _menu_item(request: HttpRequest, name: str, url_name: str, key: str) -> dict[str, Any]:
    match = request.resolver_match
    sections = {"workflow": "workflows", "run": "runs", "cancel": "runs", "schedule": "schedules"}
    here = match.url_name or "" if match is not None else ""
    section = sections.get(here.partition("-")[0], here)
    return {
        "name": name,
        "url": reverse(f"runs:{url_name}"),
        "is_here": section == url_name,
        "key": key,
    }


def url_or_none(name: str) -> str | None:
    """The URL of a part that an installation may leave out."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def error_page(request: HttpRequest, error: RunsError) -> HttpResponse:
    """A caller's mistake as a page. What is missing and what is another's look the same."""
    template = "runs/ui/not_found.html" if isinstance(error, NotFound) else "runs/ui/error.html"
    return render(request, template, {"error": error}, status=error.status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """For ``handler404``."""
    return secured(render(request, "runs/ui/not_found.html", status=404))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """For ``handler403``."""
    return secured(render(request, "runs/ui/forbidden.html", status=403))


@require_POST
def switch_theme(request: HttpRequest) -> HttpResponseBase:
    theme = request.POST.get("theme", "")
    response = redirect(back_from(request) or reverse("runs:workflows"))
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure()
        )
    return secured(response)


def back_from(request: HttpRequest) -> str:
    """Where a form is to lead back to (``next``), if that is on this site; else nothing."""
    url = request.POST.get("next") or request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if ours else ""
