"""Middleware and view of a request are called in one thread, wherever they can work in threads."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from asgiref.sync import markcoroutinefunction
from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.deprecation import MiddlewareMixin

from runs.api.one_thread import OneThread
from tests.store.waiting import DEADLINE

#: Who was called, and in which thread.
calls: list[tuple[str, int]] = []


def note(what: str) -> None:
    calls.append((what, threading.get_ident()))


def view(request: HttpRequest) -> HttpResponse:
    note("view")
    return HttpResponse(request.body)


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("no")


urlpatterns = [path("view", view), path("broken", broken)]


class Halves(MiddlewareMixin):
    """Django's usual kind."""

    def process_request(self, request: HttpRequest) -> None:
        note("request")

    def process_view(self, *_: Any) -> None:
        note("before view")

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        note("response")
        return response


class OnLoop:
    """Works on event loops only."""

    async_capable, sync_capable = True, False

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> Any:
        note("on loop")
        return await self._get_response(request)


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    calls.clear()


async def ask(app: Any, where: str, body: bytes = b"") -> tuple[int, bytes]:
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": where}
    headers = [(b"host", b"localhost")]
    asked = ApplicationCommunicator(app, scope | {"query_string": b"", "headers": headers})
    await asked.send_input({"type": "http.request", "body": body})
    head = await asked.receive_output(timeout=DEADLINE)
    text, more = b"", True
    while more:
        message = await asked.receive_output(timeout=DEADLINE)
        text, more = text + message.get("body", b""), message.get("more_body", False)
    return head["status"], text


async def test_one_thread_that_is_not_the_loops_calls_them_all(settings: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.Halves"] * 2

    answer = await ask(OneThread(), "/view", b"hello")

    assert answer == (200, b"hello")
    names, threads = zip(*calls, strict=True)
    halves = ["request"] * 2 + ["before view"] * 2
    assert list(names) == [*halves, "view", "response", "response"]
    assert len({*threads} - {threading.get_ident()}) == len({*threads}) == 1


async def test_middleware_for_loops_only_is_called_on_the_loop(settings: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.Halves", f"{__name__}.OnLoop", f"{__name__}.Halves"]

    answer = await ask(OneThread(), "/view", b"hello")

    assert answer == (200, b"hello")
    on_loop = {thread for name, thread in calls if name == "on loop"}
    elsewhere = {thread for name, thread in calls if name != "on loop"}
    assert (on_loop, len(elsewhere - on_loop)) == ({threading.get_ident()}, 1)


async def test_what_a_view_raises_is_answered(settings: Any) -> None:
    settings.MIDDLEWARE = []

    status, _ = await ask(OneThread(), "/broken")

    assert status == 500


async def test_static_files_are_served_whole(settings: Any) -> None:
    settings.SERVESTATIC_USE_FINDERS = True

    status, text = await ask(OneThread(), "/static/admin/css/base.css")

    assert status == 200
    assert b"DJANGO Admin styles" in text
