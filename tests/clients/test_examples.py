"""The examples of the page about the HTTP API, typed into a shell against a live server."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.acceptance.serving import ROOT, Served

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("prepared")]
PAGE = (ROOT / "docs" / "reference" / "http-api.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.partition("## Examples")[2], re.M | re.S)


def test_every_route_has_an_example() -> None:
    routes = re.findall(r"^\| (?:GET|POST|DELETE) `(W[^`]*)`", PAGE, re.M)
    shown = "\n".join(BLOCKS)

    ends = [
        route.rsplit("/", 1)[-1] for route in routes if "{runId}" not in route and "W/" in route
    ]
    assert len(routes) == 21
    assert [end for end in ends if f"/{end}?" not in shown and f'/{end}"' not in shown] == []
    assert "/cancel" in shown and "-X DELETE" in shown


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_examples_work(serve: Callable[..., Served]) -> None:
    served = serve()
    served.becomes_healthy()
    script = "set -euo pipefail\n" + "\n".join(BLOCKS)
    script = script.replace("http://localhost:8000/", served.url)
    script = script.replace(".venv/bin/python", sys.executable)

    outcome = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=served.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert outcome.returncode == 0, outcome.stdout[-2000:] + outcome.stderr
    assert "(approved by auto)" in outcome.stdout
    assert '"workflowStatus":"success"' in outcome.stdout
