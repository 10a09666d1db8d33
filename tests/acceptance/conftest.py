from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.serving import Served


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts ``serve`` on this test's data folder; kills what the test has left running."""
    started: list[Served] = []

    def start(*command: str, **environment: str) -> Served:
        started.append(Served(tmp_path / "data", command or ("serve",), **environment))
        return started[-1]

    yield start
    for served in started:
        served.clean_up()
