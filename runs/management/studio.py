"""Serving Mastra's Studio from a folder, for a browser on this machine.

Studio is a page of one file, with placeholders that say where the API is. Whatever is no file of
the folder is one of its own paths, so it gets that page.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PLACEHOLDER = re.compile(r"%%(MASTRA_[A-Z_]+)%%")
#: Where Studio asks whether its own files have changed. They have not.
REFRESH_EVENTS = "/refresh-events"


@dataclass(frozen=True, slots=True)
class Studio:
    """A folder with Studio's files, and the API that they are to use."""

    folder: Path
    server: str
    prefix: str = "/api"

    def page(self) -> bytes:
        """The one page, with its placeholders filled in."""
        server = urlsplit(self.server)
        known = {
            "MASTRA_SERVER_PROTOCOL": server.scheme,
            "MASTRA_SERVER_HOST": server.hostname or "",
            "MASTRA_SERVER_PORT": str(server.port or {"https": 443}.get(server.scheme, 80)),
            "MASTRA_API_PREFIX": self.prefix,
            "MASTRA_TELEMETRY_DISABLED": "true",
            "MASTRA_HIDE_CLOUD_CTA": "true",
        }
        text = (self.folder / "index.html").read_text()
        return PLACEHOLDER.sub(lambda found: known.get(found[1], ""), text).encode()


class StudioServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], studio: Studio) -> None:
        self.studio = studio
        self.ended = threading.Event()
        super().__init__(address, StudioHandler)

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]}:{self.server_port}/"  # type: ignore[str-bytes-safe]

    def server_close(self) -> None:
        self.ended.set()
        super().server_close()


class StudioHandler(SimpleHTTPRequestHandler):
    server: StudioServer

    def __init__(self, request: Any, address: Any, server: StudioServer) -> None:
        super().__init__(request, address, server, directory=str(server.studio.folder))

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == REFRESH_EVENTS:
            self._say_nothing()
        elif path != "/index.html" and Path(self.translate_path(self.path)).is_file():
            super().do_GET()
        else:
            self._answer(self.server.studio.page())

    def _answer(self, page: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(page)

    def _say_nothing(self) -> None:
        """Hold the line: a page that lost it would ask again and again."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        try:
            while not self.server.ended.wait(15):
                self.wfile.write(b": still here\n\n")
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Its requests are of no interest; those to the API are in the server's log."""
