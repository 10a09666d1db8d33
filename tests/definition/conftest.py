"""Each test defines its workflows in a registry of its own."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _own_registry(registry: None) -> None:
    """Nothing that a test commits is known to the next."""
