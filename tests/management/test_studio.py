"""``manage.py runs_studio``: files as they are, and one page for everything else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from runs.management.studio import Studio, StudioServer

PAGE = """<base href="%%MASTRA_STUDIO_BASE_PATH%%/" />
<script>
api = '%%MASTRA_SERVER_PROTOCOL%%|%%MASTRA_SERVER_HOST%%|%%MASTRA_SERVER_PORT%%';
prefix = '%%MASTRA_API_PREFIX%%';
telemetryOff = '%%MASTRA_TELEMETRY_DISABLED%%'; other = '%%MASTRA_EXPERIMENTAL_UI%%'; share = 100%%;
</script>"""
FILLED = """<base href="/" />
<script>
api = 'https|runs.example.org|443';
prefix = '/api';
telemetryOff = 'true'; other = ''; share = 100%%;
</script>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("not for you")
    folder = tmp_path / "studio"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "assets" / "app.js").write_text("start()")
    return folder


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    with StudioServer(("127.0.0.1", 0), Studio(folder, "https://runs.example.org")) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.url.rstrip("/")
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("path", ["/", "/workflows/a/graph/run-1", "/index.html", "/assets/"])
def test_every_path_of_studios_own_gets_its_page_filled_in(path: str, url: str) -> None:
    answer = httpx.get(url + path)

    assert (answer.status_code, answer.text) == (200, FILLED)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_files_are_served_as_they_are_and_none_from_elsewhere(url: str) -> None:
    answer = httpx.get(url + "/assets/app.js")

    assert (answer.text, answer.headers["content-type"]) == ("start()", "text/javascript")
    for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt"):
        assert httpx.get(httpx.URL(url).copy_with(raw_path=path.encode())).text == FILLED


def test_who_listens_for_changes_is_kept_on_the_line(url: str) -> None:
    with httpx.stream("GET", url + "/refresh-events") as answer:
        assert answer.headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"files": Path("/nowhere")}, "has no Studio; `make studio` gets it"),
        ({"server": "runs.example.org"}, "--server is a URL like"),
        ({"server": "http://runs.example.org/api"}, "--server is a URL like"),
    ],
)
def test_what_cannot_work_is_said(options: dict[str, Any], reason: str, folder: Path) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("runs_studio", **{"files": folder} | options, stdout=StringIO())


def test_a_port_that_is_taken_is_said(folder: Path, url: str) -> None:
    port = int(url.rpartition(":")[2])

    with pytest.raises(CommandError, match=f"Port {port} cannot be had"):
        call_command("runs_studio", files=folder, port=port, stdout=StringIO())
