"""``manage.py runs_studio``: Mastra's Studio, from its npm package, against a running server."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from runs.management.studio import Studio, StudioServer


class Command(BaseCommand):
    help = "Serve Mastra's Studio on this machine, for the workflows of a running server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = os.environ.get("PORT") or "8000"
        parser.add_argument(
            "--files",
            type=Path,
            default=Path("var/studio"),
            help="folder with Studio's files (dist/studio of the npm package mastra); "
            "default: %(default)s",
        )
        parser.add_argument(
            "--server",
            default=f"http://127.0.0.1:{port}",
            help="the server whose workflows it shows; default: %(default)s",
        )
        parser.add_argument(
            "--port", type=int, default=4111, help="default: %(default)s; 0 takes a free one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        studio = Studio(options["files"].resolve(), options["server"])
        if not (studio.folder / "index.html").is_file():
            raise CommandError(f"{studio.folder} has no Studio; `make studio` gets it.")
        url = urlsplit(studio.server)
        if url.scheme not in ("http", "https") or not url.hostname or url.path.strip("/"):
            raise CommandError(f"--server is a URL like http://127.0.0.1:8000, not {url.geturl()}")
        self._serve(studio, options["port"])

    def _serve(self, studio: Studio, port: int) -> None:
        try:
            server = StudioServer(("127.0.0.1", port), studio)
        except OSError as error:
            raise CommandError(f"Port {port} cannot be had: {error.strerror}") from error
        with server:
            self.stdout.write(f"Studio of {studio.server} is at {server.url} (Ctrl-C stops it)")
            self.stdout.flush()
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                return
