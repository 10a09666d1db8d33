"""Starting everything, and ending it again."""

from __future__ import annotations

import http.cookiejar
import re
import signal
import urllib.parse
import urllib.request
from collections.abc import Callable

import pytest

from tests.acceptance.serving import PATIENCE_SECONDS, Served, until

pytestmark = pytest.mark.acceptance
Serve = Callable[..., Served]


def test_it_comes_up_healthy_and_ctrl_c_leaves_no_process(serve: Serve) -> None:
    served = serve()
    report = served.becomes_healthy()
    parts = {name: part["ok"] for name, part in report.items() if name != "ok"}
    # supervisor, Valkey, web; and the cluster: sentinel, two workers, pusher, monitor
    until(lambda: len(served.processes()) == 8, "all processes")

    served.press_ctrl_c()

    assert parts == {"database": True, "broker": True, "workers": True, "sweeper": True}
    assert served.ends() == (0, {})


def test_sigterm_to_every_process_at_once_leaves_no_process(serve: Serve) -> None:
    served = serve()
    served.becomes_healthy()

    served.signal_everything(signal.SIGTERM)

    assert served.ends() == (0, {})


def test_the_password_printed_on_the_first_start_opens_the_admin(standing: Served) -> None:
    password = re.findall(r"created the account admin with the password (\S+)", standing.output)
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    browser.open(f"{standing.url}admin/login/")
    token = next(cookie.value for cookie in cookies if cookie.name == "csrftoken")

    form = {"username": "admin", "password": password[0], "csrfmiddlewaretoken": token}
    page = browser.open(
        f"{standing.url}admin/login/?next=/admin/", urllib.parse.urlencode(form).encode()
    )

    assert page.url == f"{standing.url}admin/"


def test_the_next_start_goes_on_with_the_data_of_the_last(serve: Serve) -> None:
    first = serve()
    first.becomes_healthy()
    first.press_ctrl_c()
    first.ends()

    second = serve()
    second.becomes_healthy()

    assert "created the account" in first.output
    assert "created the account" not in second.output
    assert "migrations" not in second.output


def test_a_data_folder_is_served_once_at_a_time(standing: Served, serve: Serve) -> None:
    second = serve(RUNS_DATA=str(standing.data))

    assert second.process.wait(PATIENCE_SECONDS) == 1
    assert second.output == (
        f"CommandError: Process {standing.process.pid} already serves the data folder "
        f"{standing.data}. "
        "Stop it first, or set RUNS_DATA to another folder.\n"
    )
    assert standing.health()[0] == 200


def test_a_port_that_is_taken_is_named(standing: Served, serve: Serve) -> None:
    port = urllib.parse.urlsplit(standing.url).port

    second = serve(PORT=str(port))

    assert second.process.wait(PATIENCE_SECONDS) == 1
    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use" in second.output
