"""A site with real workers, three people who are logged in, and browsers for them."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.acceptance.serving import Served

#: Browsers that serve, by the name of their command.
COMMANDS = ("chromium", "chromium-browser", "google-chrome")
#: Milliseconds that the browser waits for what is to come.
PATIENCE = 30_000

PEOPLE = """
import json
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Permission, User
from runs.access import create_token
from runs.models import ResourceRestriction

store = import_module(settings.SESSION_ENGINE).SessionStore
found = {}
for name in ("root", "other", "tenant"):
    boss = name != "tenant"
    defaults = {"is_superuser": boss, "is_staff": boss, "is_active": True}
    user, _ = User.objects.get_or_create(username=name, defaults=defaults)
    if name == "tenant":
        user.user_permissions.set(Permission.objects.filter(content_type__app_label="runs"))
        limits = {"resource_ids": ["theirs"]}
        ResourceRestriction.objects.get_or_create(user=user, defaults=limits)
    session = store()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    found[name] = session.session_key
print(json.dumps({"sessions": found, "token": create_token(User.objects.get(username="root"))[1]}))
"""


@dataclass
class Site:
    """A served installation, a browser, and who is logged in."""

    served: Served
    browser: Browser
    sessions: dict[str, str]
    token: str
    opened: list[BrowserContext] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.served.url.rstrip("/")

    def context(self, person: str = "root", **options: Any) -> BrowserContext:
        """A browser of its own in which somebody is logged in; closed at the end of the test."""
        made = self.browser.new_context(base_url=self.url, **options)
        made.set_default_timeout(PATIENCE)
        cookie = {"name": "sessionid", "value": self.sessions[person], "url": self.url}
        made.add_cookies([cookie])  # type: ignore[list-item]
        self.opened.append(made)
        return made

    def page(self, path: str, person: str = "root", **options: Any) -> Page:
        page = self.context(person, **options).new_page()
        page.goto(path)
        return page

    def close_all(self) -> None:
        while self.opened:
            self.opened.pop().close()

    # --- runs, through the HTTP API --------------------------------------------------------------

    def start(self, workflow: str, run_id: str, data: Any, resource_id: str | None = None) -> str:
        """Start a run and answer the address of its page."""
        about = {} if resource_id is None else {"resourceId": resource_id}
        self.call(f"{workflow}/create-run?runId={run_id}", about)
        self.call(f"{workflow}/start?runId={run_id}", {"inputData": data})
        return f"/runs/{workflow}/{run_id}/"

    def read(self, url: str) -> Any:
        """What the API answers to a GET."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def call(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/workflows/{path}",
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


@contextmanager
def opened(served: Served, playwright: Playwright) -> Iterator[Site]:
    browser = playwright.chromium.launch(
        executable_path=browser_command(), args=["--no-sandbox", "--disable-gpu"]
    )
    try:
        known = json.loads(served.shell(PEOPLE).splitlines()[-1])
        yield Site(served, browser, known["sessions"], known["token"])
    finally:
        browser.close()


def browser_command() -> str:
    for name in COMMANDS:
        if path := shutil.which(name):
            return path
    pytest.skip(f"no browser: install one of {', '.join(COMMANDS)} (apt-get install chromium)")
