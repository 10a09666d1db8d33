"""Mastra's own JavaScript client, unmodified, against everything live: daphne, workers, Valkey."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.acceptance.serving import Served
from tests.clients.node import HERE, installed, node

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("prepared")]
DRIVE_SECONDS = 240.0


def test_every_method_of_the_official_client_works(serve: Callable[..., Served]) -> None:
    folder = installed()
    shutil.copy(HERE / "drive.mjs", folder)
    served = serve()
    served.becomes_healthy()
    token = served.command("create_token", "admin", "--name", "client").strip()

    drive = subprocess.run(
        [node(), "drive.mjs", served.url.rstrip("/"), token],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DRIVE_SECONDS,
    )

    checks = [json.loads(line) for line in drive.stdout.splitlines()]
    assert {check["name"]: check["error"] for check in checks if check["error"]} == {}
    assert len(checks) >= 45, drive.stderr
